"""A workspace as the notebooks see it: the tables of the pipeline, read where they are and made where they are missing.

    work = posrank.workspace.open()           # of the pipeline, of a preset, or of a fresh clone
    captions, tags = work.captions(), work.tags()

In a fresh clone the first call renders the world and tags it (a minute); after `make repro` everything is there. Only
the pipeline writes figures and metrics (`write=True`), so that running a notebook by hand changes no output of DVC.
"""

import json
from pathlib import Path

import pandas as pd

from posrank import PARTS, files, tables
from posrank.pipeline import params as knobs
from posrank.pipeline import stages
from posrank.tables.layout import GROUPS


class Workspace:
    """Tables of one folder; `params` are its parameters, `folder` its path, `name` the notebook that asks."""

    def __init__(self, folder, params, name="", write=False):
        self.folder, self.params, self.name, self.write, self._stores = Path(folder), params, name, write, {}

    def _file(self, relative, stage, **options):
        path = self.folder / relative
        if not path.exists():
            print(f"making {relative}")
            stage(self.params, self.folder, **options)
        return path

    def _table(self, kind, name, stage, columns=None, **options):
        return tables.read_table(self._file(f"data/{kind}/{name}.parquet", stage, **options), columns or kind)

    def _each(self, read):
        """The tables of all datasets that params.yaml names, one after the other."""
        return pd.concat(map(read, self.datasets()), ignore_index=True)

    def datasets(self):
        """The datasets that params.yaml names."""
        return list(self.params.datasets)

    def captions(self, dataset=None):
        """The captions table of one dataset, or of all that params.yaml names, one after the other."""
        if dataset is None:
            return self._each(self.captions)
        if dataset == "world":
            self._file("data/raw/world/annotations.json", stages.world)
        return self._table("captions", dataset, stages.captions, dataset=dataset)

    def tags(self, dataset=None):
        """The tags table of one dataset or of all."""
        if dataset is None:
            return self._each(self.tags)
        self.captions(dataset)
        return self._table("tags", dataset, stages.tags, dataset=dataset)

    def negatives(self, dataset, rule="paper"):
        """The negatives table of one dataset and rule; for rule exchange its captions are `statements`."""
        self.tags(dataset)
        if rule == "exchange":
            self.statements(dataset)
        return self._table("negatives", f"{dataset}-{rule}", stages.negatives, dataset=dataset, rule=rule)

    def statements(self, dataset):
        """The statements of rule exchange as a captions table; empty where params.yaml does not name the rule."""
        self.tags(dataset)
        return self._table("statements", dataset, stages.statements, "captions", dataset=dataset)

    def validity(self, dataset, rule="paper"):
        """The validity report of one dataset and rule (posrank.validity.validity_report): a dict."""
        relative = f"metrics/validity/{dataset}-{rule}.json"
        if not (self.folder / relative).exists():
            self.negatives(dataset, rule)
        path = self._file(relative, stages.validity, dataset=dataset, rule=rule)
        return files.read_json(path, "delete it and make it again")

    def frames(self, dataset):
        """The frame store of one dataset."""
        from posrank.video.store import FrameStore

        self.captions(dataset)
        return FrameStore(self._file(f"data/frames/{dataset}", stages.frames, dataset=dataset))

    def clip(self, dataset, video_id):
        """(frames, frames_read) of a video, or None where this workspace holds no frames of it; nothing is decoded."""
        from posrank.video.store import FrameStore

        if dataset not in self._stores:
            folder = self.folder / "data" / "frames" / dataset
            self._stores[dataset] = FrameStore(folder) if (folder / "videos.parquet").is_file() else ()
        store = self._stores[dataset]
        return store[video_id] if video_id in store else None  # noqa: SIM401 (a store is no dict)

    def runs(self):
        """Names of the trained runs that are here, in the order of params.yaml; others behind them."""
        asked = knobs.asked(self.params)
        there = sorted(path.parent.name for path in (self.folder / "runs").glob("*/weights.safetensors"))
        return [*(run for run in asked if run in there), *(run for run in there if run not in asked)]

    def run(self, name=""):
        """`name` itself where such a run is here; "" = the first one that is. ValueError lists those there are."""
        runs = self.runs()
        if name in runs or (not name and runs):
            return name or runs[0]
        preset = f" PRESET={self.folder.name}" if self.folder.parent.name == ".presets" else ""
        there = f"there are {', '.join(runs)}; set run to one of them" if runs else (
            f"there is none yet: make repro{preset} trains them, make repro PRESET=smoke two small ones in three "
            "minutes")
        raise ValueError(f"no trained run {name!r} in {self.folder / 'runs'}: {there}")

    def selection(self):
        """The runs that params.yaml asks for, what is missing, what was left out and why
        (posrank.figures.runs.Selection): of its own metrics, else of the repository's published ones."""
        from posrank.figures.runs import load_metrics, select

        for folder in (self.folder / "metrics", files.root() / "metrics"):
            found, external = load_metrics(folder), load_metrics(folder, external=True)
            if found or external:
                break
        return select(found, self.params, self.lists(), external)

    def lists(self):
        """Digest of the lists that evaluation ranks under these parameters; None where the tables are not made yet."""
        from posrank.evaluation import origin
        from posrank.negatives.exchange_groups import whole_groups

        dataset, options, data = self.params.train.dataset, self.params.evaluate, self.folder / "data"
        rule = options.rules[0]
        texts = data / ("statements" if rule == "exchange" else "captions") / f"{dataset}.parquet"
        videos, lists = data / "frames" / dataset / "videos.parquet", data / "negatives" / f"{dataset}-{rule}.parquet"
        if not all(file.is_file() for file in (texts, videos, lists)):
            return None
        texts, videos = tables.read_table(texts, "captions"), tables.read_table(videos, "videos")
        splits = (options.split, GROUPS) if rule == "exchange" else (options.split,)
        texts, there = texts[texts["split"].isin(splits)], videos.loc[videos["status"] == "ok", "video_id"]
        scored = whole_groups(texts, there)[0] if rule == "exchange" else texts[texts["video_id"].isin(there)]
        columns = ("caption_id", "part", "sentence")
        return origin.lists_digest(tables.read_table(lists, "negatives", columns, ("caption_id", scored["caption_id"])))

    def ranks(self, run):
        """The ranks table of a run, or None where this workspace has not evaluated it."""
        path = self.folder / "results" / "ranks" / f"{run}.parquet"
        return tables.read_table(path, "ranks") if path.exists() else None

    def save(self, figure, name):
        """Show a figure; in the pipeline it becomes results/figures/<notebook>/<name>.png as well."""
        from posrank.figures.style import save

        if self.write and figure is not None:
            save(figure, self.folder / "results" / "figures" / self.name, name)
        return figure

    def save_picture(self, picture, name):
        """The same for a picture (PIL); words that stand in for one are shown alone."""
        if self.write and hasattr(picture, "save"):
            with files.atomic(self.folder / "results" / "figures" / self.name / f"{name}.png") as temporary:
                picture.save(temporary, format="PNG")
        return picture

    def save_table(self, table, name):
        """Show a table; in the pipeline it becomes results/tables/<notebook>/<name>.csv as well."""
        if self.write:
            with files.atomic(self.folder / "results" / "tables" / self.name / f"{name}.csv") as temporary:
                table.to_csv(temporary, index=not isinstance(table.index, pd.RangeIndex))
        return table

    def save_metrics(self, values, name):
        """In the pipeline: metrics/<name>.json."""
        from posrank.scoring.summary import write_metrics

        if self.write:
            write_metrics(json.loads(json.dumps(values, default=float)), self.folder / "metrics" / f"{name}.json")

    def save_summary(self, runs):
        """In the pipeline: metrics/summary.json, about ten numbers a run (DVC's metrics), and
        results/tables/<notebook>/posrank.csv, PoSRank of each run per part (DVC's plot)."""
        from posrank.figures.runs import name_of
        from posrank.scoring.summary import short

        numbers = {name_of(m): {key: value for key, value in short(m).items() if value is not None} for m in runs}
        self.save_metrics(numbers, "summary")
        rows = [(f"{run} {part}", values[part]) for run, values in numbers.items() for part in PARTS if part in values]
        self.save_table(pd.DataFrame(rows, columns=["run and part", "posrank"]), "posrank")


def open(name="", write=False):
    """The `Workspace` that `posrank.files.workspace` finds, with its parameters. ValueError for a wrong params.yaml."""
    folder = files.workspace()
    if write:  # DVC expects these folders of a notebook that had nothing to draw as well
        for kind in ("figures", "tables"):
            (folder / "results" / kind / name).mkdir(parents=True, exist_ok=True)
    return Workspace(folder, knobs.load(folder / "params.yaml"), name, write)
