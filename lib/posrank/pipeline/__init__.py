"""What runs the pipeline: presets and sweeps in scratch copies, stages of dvc.yaml, notebooks for DVC, publishing."""
