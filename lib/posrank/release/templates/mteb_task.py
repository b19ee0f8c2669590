"""An mteb task from the files beside it: a video, and the sentences it is to be ranked among; a subset per part."""

import json
import os
from pathlib import Path

from datasets import Dataset, Video
from mteb.abstasks.retrieval import AbsTaskRetrieval
from mteb.abstasks.retrieval_dataset_loaders import RetrievalSplitData
from mteb.abstasks.task_metadata import TaskMetadata

HERE = Path(__file__).parent
ABOUT = json.loads((HERE / "about.json").read_text(encoding="utf-8"))


class PoSRank(AbsTaskRetrieval):
    """Queries are videos, documents sentences; `top_ranked` holds the list of each video's query."""

    metadata = TaskMetadata(
        name=ABOUT["name"],
        description="Fine-grained video-text retrieval by part of speech: the true sentence among sentences that "
        "differ in one word.",
        dataset={"path": str(HERE), "revision": ABOUT["digest"]},
        type="Any2AnyRetrieval",
        category="v2t",
        modalities=["video", "text"],
        eval_splits=["test"],
        eval_langs={part: ["eng-Latn"] for part in ABOUT["parts"]},
        main_score="mrr_at_100",
        is_public=False,
    )

    def load_data(self, **kwargs):
        """Subsets of this folder; videos as a column that is read when it is used, where POSRANK_VIDEOS is set."""
        if self.data_loaded:
            return
        with open(HERE / "lists.jsonl", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        videos = os.environ.get("POSRANK_VIDEOS")
        self.dataset = {}
        for part in ABOUT["parts"]:
            own = [row for row in rows if row["part"] == part]
            paths = [str(Path(videos or "", row["video"])) for row in own]
            queries = Dataset.from_dict({"id": [row["id"] for row in own], "video": paths})
            documents = [(key, text) for row in own for key, text in row["candidates"].items()]
            corpus = Dataset.from_dict({"id": [key for key, _ in documents], "text": [text for _, text in documents]})
            self.dataset[part] = {"test": RetrievalSplitData(
                queries=queries.cast_column("video", Video()) if videos else queries,
                corpus=corpus,
                relevant_docs={row["id"]: {row["true"]: 1} for row in own},
                top_ranked={row["id"]: list(row["candidates"]) for row in own},
            )}
        self.data_loaded = True
