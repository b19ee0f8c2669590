"""The results of a run as files: metrics/<run>.json, results/ranks/<run>.parquet and results/scores/<run>.parquet.

In: a workspace and the name of a run. Out: what `posrank.evaluation.evaluate_run` returns, read again where nothing
that it comes from has changed.
"""

import tempfile
from pathlib import Path

import yaml

from posrank import files, tables
from posrank.evaluation import run as evaluation
from posrank.scoring.summary import plain, write_metrics
from posrank.training.identity import digest


def fingerprint(folder, run, params):
    """A fingerprint of what the results of a run come from: its weights and settings, captions, tags, statements,
    frames, negatives, options."""
    trained, data, options = Path(folder) / "runs" / run, Path(folder) / "data", params.evaluate.plain()
    dataset = yaml.safe_load((trained / "config.yaml").read_text(encoding="utf-8"))["dataset"]
    tables_ = [data / kind / f"{dataset}.parquet" for kind in ("captions", "tags", "statements")]
    lists = [data / "negatives" / f"{dataset}-{rule}.parquet" for rule in options["rules"]]
    read = [trained / "config.yaml", trained / "weights.safetensors", data / "frames" / dataset / "videos.parquet"]
    return digest([options, *(digest(file) for file in (*read, *tables_, *lists) if file.is_file())])


def results(folder, run, params, again=False):
    """(metrics, ranks, scores) of a run under `folder`, read where they were written while `fingerprint` is the same.

    Else, and with `again`, the run is evaluated; only `again` writes metrics/<run>.json, results/ranks/<run>.parquet
    and results/scores/<run>.parquet. Under torchrun all but the first process get (None, None, None).
    """
    evaluation.check_name(run)
    folder = Path(folder)
    numbers = folder / "metrics" / f"{run}.json"
    ranked, scored = (folder / "results" / name / f"{run}.parquet" for name in ("ranks", "scores"))
    if not again and all(path.is_file() for path in (numbers, ranked, scored)):
        ranks, metrics = tables.read_table(ranked, "ranks"), files.read_json(numbers, "evaluate the run again")
        # a stop between the two files leaves new ranks beside old metrics
        now = fingerprint(folder, run, params), digest(metrics)
        if (ranks.attrs.get("made_of"), ranks.attrs.get("metrics")) == now:
            return metrics, ranks, tables.read_table(scored, "scores")
    with tempfile.TemporaryDirectory(prefix="posrank-") as out:
        file = scored if again else Path(out) / "scores.parquet"
        metrics, ranks = evaluation.evaluate_run(folder, run, params, file)
        if metrics is None:
            return None, None, None
        ranks.attrs["made_of"] = fingerprint(folder, run, params)
        if again:
            write(folder, run, metrics, ranks)
        return metrics, ranks, tables.read_table(file, "scores")


def write(folder, run, metrics, ranks):
    """Write metrics/<run>.json and results/ranks/<run>.parquet."""
    folder, metrics = Path(folder), plain(metrics)
    # the report depends on ranks: with this digest, whatever changes in the metrics changes them too
    ranks.attrs["metrics"] = digest(metrics)
    tables.write_table(ranks, folder / "results" / "ranks" / f"{run}.parquet", "ranks")
    write_metrics(metrics, folder / "metrics" / f"{run}.json")
