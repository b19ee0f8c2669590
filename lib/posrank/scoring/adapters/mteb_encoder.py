"""Encoders of mteb as scorers: what declares video sees videos, what declares images sees each frame.

In: an object with mteb's `encode`, or a name for `mteb.get_model`, and frames. Out: a scorer. mteb is imported here
alone (extra `export`).
"""

from types import SimpleNamespace

import numpy as np

from posrank.scoring.adapters.features import FeatureScorer, pooled

_TASK = dict(
    name="PoSRank", description="Fine-grained video-text retrieval by part of speech.",
    dataset={"path": "none", "revision": "none"}, type="Any2AnyRetrieval", category="v2t",
    modalities=["video", "text"], eval_langs=["eng-Latn"], main_score="mrr_at_100", is_public=False,
)


def from_mteb(model, frames, *, fps=1.0, batch=8, modality=None):
    """A scorer of an mteb encoder: ``scorer(video_ids, texts)`` -> float32 [n], cosines.

    model     a name, or an object with `encode(inputs, task_metadata=, hf_split=, hf_subset=, prompt_type=)`
    frames    see posrank.scoring.adapters; videos are shown as if they had `fps` of these frames a second
    modality  "video" or "image" (each frame, averaged); None = video where the model declares it, else image

    ValueError where mteb is not installed, or the model declares neither.
    """
    try:
        import mteb
        from mteb.abstasks.task_metadata import TaskMetadata
        from mteb.types import PromptType
    except ImportError as error:
        raise ValueError(f"mteb cannot be imported ({error}): pip install mteb, or posrank[export]") from None
    model = mteb.get_model(model) if isinstance(model, str) else model
    if not callable(getattr(model, "encode", None)):
        raise ValueError(f"model: a {type(model).__name__} has no encode: it is no mteb encoder")
    declared = list(getattr(getattr(model, "mteb_model_meta", None), "modalities", None) or [])
    modality = modality or next((one for one in ("video", "image") if one in declared), None)
    if modality not in ("video", "image"):
        raise ValueError(f"model: it declares {', '.join(declared) or 'no modality'}, neither video nor image")
    task = TaskMetadata(**_TASK)

    def encode(rows, column, prompt):
        inputs = loader(rows, column, batch if column != "text" else 256)
        return model.encode(inputs, task_metadata=task, hf_split="test", hf_subset="default", prompt_type=prompt)

    def texts(batch):
        return encode(batch, "text", PromptType.document)

    def videos(batch):
        if modality == "video":
            return encode([Clip(frames, fps) for frames in batch], "video", PromptType.query)
        import torch
        from PIL import Image

        owner = np.repeat(np.arange(len(batch)), [len(video) for video in batch])
        pictures = encode([Image.fromarray(frame) for video in batch for frame in video], "image", PromptType.query)
        return pooled(torch.as_tensor(pictures), owner, len(batch))

    return FeatureScorer(texts, videos, frames, video_batch=batch)


class Clip:
    """Frames of a video as mteb's models read a video: the part of a torchcodec VideoDecoder that they use."""

    def __init__(self, frames, fps=1.0):
        self.frames = frames
        self.metadata = SimpleNamespace(num_frames=len(frames), end_stream_seconds=len(frames) / fps, average_fps=fps)

    def __len__(self):
        return len(self.frames)

    def get_frames_at(self, indices):
        """An object whose `data` is uint8 [n, 3, H, W]."""
        import torch

        chosen = np.ascontiguousarray(self.frames[np.asarray(indices, dtype=int)])
        return SimpleNamespace(data=torch.from_numpy(chosen).permute(0, 3, 1, 2))


class _Rows:
    """A dataset of one column, with the `features` that mteb's models ask for."""

    def __init__(self, rows, column):
        self.rows, self.features = [{column: row} for row in rows], {column: None}

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, at):
        return dict(self.rows[at])


def loader(rows, column, batch):
    """A DataLoader whose batches are {column: list}."""
    from torch.utils.data import DataLoader

    return DataLoader(_Rows(rows, column), batch_size=batch, shuffle=False, collate_fn=_columns)


def _columns(rows):
    return {name: [row[name] for row in rows] for name in rows[0]}
