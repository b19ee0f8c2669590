"""Dual encoders of the transformers library as scorers: CLIP, SigLIP, SigLIP 2, and X-CLIP.

In: a model's name, or a loaded model and its processor, and frames. Out: a scorer. Image models see each frame by
itself, the unit vectors of a video's frames are averaged; X-CLIP sees the video as a whole, and its text prompts depend
on the video, so that it scores video by video.
"""

import numpy as np

from posrank.scoring.adapters.features import FeatureScorer, pooled, seen

HINT = "give a name in the local cache or a folder with safetensors weights, or download=True"


def from_transformers(model, processor=None, frames=None, *, device="cpu", batch=8, download=False):
    """A scorer of a dual encoder: ``scorer(video_ids, texts)`` -> float32 [n].

    model      a name or folder ("google/siglip2-base-patch16-224", "openai/clip-vit-base-patch32",
               "microsoft/xclip-base-patch32"), or a loaded model with get_text_features and get_image_features
    processor  of a loaded model: has `tokenizer` and `image_processor`; None = that of the name
    frames     see posrank.scoring.adapters
    batch      videos that are encoded at a time; download: a name may be fetched

    Texts are cut to the model's length, SigLIP's are padded to it, as in training. ValueError where weights are
    missing, or the model is no dual encoder.
    """
    if isinstance(model, str) or hasattr(model, "__fspath__"):
        model, processor = load(model, "AutoModel", download)
    if not hasattr(model, "get_text_features") or not hasattr(model, "config"):
        raise ValueError(f"model: a {type(model).__name__} has no get_text_features: it is no dual encoder of the "
                         "transformers library")
    for part in ("tokenizer", "image_processor"):
        if not hasattr(processor, part):
            raise ValueError(f"processor: a {type(processor).__name__} has no {part}; give the model's processor")
    model = model.float().to(device).eval()
    if hasattr(model, "get_video_features"):
        return _VideoByVideo(model, processor, frames)
    if not hasattr(model, "get_image_features"):
        raise ValueError(f"model: a {type(model).__name__} has neither get_image_features nor get_video_features")

    def texts(batch):
        return _features(model, "get_text_features", tokens_of(model, processor, batch))

    def videos(batch):
        owner = np.repeat(np.arange(len(batch)), [len(video) for video in batch])
        pictures = processor.image_processor(images=[frame for video in batch for frame in video], return_tensors="pt")
        return pooled(_features(model, "get_image_features", pictures), owner, len(batch))

    return FeatureScorer(texts, videos, frames, video_batch=batch)


def load(name, kind, download=False):
    """(model, processor) of a name or folder by transformers' class `kind`; safetensors alone, no code of others."""
    try:
        import transformers

        options = {"local_files_only": not download}
        processor = transformers.AutoProcessor.from_pretrained(str(name), **options)
        return getattr(transformers, kind).from_pretrained(str(name), use_safetensors=True, **options), processor
    except (ImportError, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"model {str(name)!r} cannot be loaded ({reason}); {HINT}") from None


def tokens_of(model, processor, texts):
    """Token ids of texts as the model was trained on them: cut to its length, SigLIP's padded to it."""
    text = getattr(model.config, "text_config", model.config)
    padding = "max_length" if "siglip" in model.config.model_type else True
    return processor.tokenizer(texts, padding=padding, truncation=True, max_length=text.max_position_embeddings,
                               return_tensors="pt")


def _features(model, method, inputs):
    import torch

    with torch.inference_mode():
        found = getattr(model, method)(**{name: value.to(model.device) for name, value in inputs.items()
                                          if name != "token_type_ids"})
    return found if isinstance(found, torch.Tensor) else found.pooler_output


class _VideoByVideo:
    """X-CLIP: the scores of the texts of one video at a time."""

    def __init__(self, model, processor, frames):
        self.model, self.processor, self.frames = model, processor, frames

    def __call__(self, video_ids, texts):
        import torch

        scores, texts = np.zeros(len(video_ids), np.float32), np.asarray(texts, dtype=object)
        names, video = np.unique(np.asarray(video_ids, dtype=object), return_inverse=True)
        number = self.model.config.vision_config.num_frames
        for n, name in enumerate(names.tolist()):
            own = np.flatnonzero(video == n)
            unique, back = np.unique(texts[own], return_inverse=True)
            frames = seen(self.frames, name)
            chosen = frames[np.linspace(0, len(frames) - 1, number).round().astype(int)]
            pixels = self.processor.image_processor(images=list(chosen), return_tensors="pt")["pixel_values"]
            tokens = tokens_of(self.model, self.processor, unique.tolist())
            with torch.inference_mode():
                found = self.model(input_ids=tokens["input_ids"].to(self.model.device),
                                   attention_mask=tokens["attention_mask"].to(self.model.device),
                                   pixel_values=pixels.reshape(1, number, *pixels.shape[-3:]).to(self.model.device))
            scores[own] = found.logits_per_video[0].float().cpu().numpy()[back]
        return scores
