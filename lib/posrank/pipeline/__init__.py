"""What runs the pipeline: presets and sweeps in scratch copies, the stages of dvc.yaml, notebooks for DVC, publishing."""
