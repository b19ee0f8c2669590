"""What goes into a system: checks that name the remedy, padding as the official loaders do it, pixels to floats."""

import numpy as np
import torch
import torch.nn.functional as F

from posrank.towers.text import check_ids

WHOLE = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


def check_whole(what, value, low=1, most=10**6):
    """ValueError where `value` is no whole number from `low` to `most`."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= most:
        shown = f"more than {most}" if isinstance(value, int) and value > most else repr(value)[:100]
        raise ValueError(f"{what} must be a whole number of at least {low}, not {shown}")


def as_tensor(value, wanted, device=None):
    """torch.as_tensor, or ValueError that begins with `wanted` and gives torch's reason."""
    try:
        return torch.as_tensor(value, device=device)
    except (TypeError, ValueError, RuntimeError, OverflowError) as problem:
        raise ValueError(f"{wanted} ({problem})") from None


def check_index(index):
    """A tensor of whole numbers, or ValueError."""
    index = as_tensor(index, "index must hold whole numbers")
    if index.numel() and index.dtype not in WHOLE:
        raise ValueError(f"index must hold whole numbers, not {index.dtype}")
    return index.long()


def check_words(input_ids, max_words, fill=False):
    """Token ids [n, any L] -> [n, at most max_words], exactly max_words with `fill` (zeros). ValueError where they are
    no ids, or where a real token would be cut."""
    check_ids(input_ids)
    length = input_ids.shape[1]
    if length > max_words:
        if bool((input_ids.argmax(1) >= max_words).any()):
            raise ValueError(f"a sentence has more than max_words={max_words} tokens; system.tokenize cuts it")
        return input_ids[:, :max_words]
    return F.pad(input_ids, (0, max_words - length)) if fill else input_ids


def check_attention(attention_mask, mask):
    """The caller's mask [n, L] of real tokens, cut to and combined with `mask` [n, l] of tokens up to EOT."""
    _check_tensor(attention_mask, "attention_mask")
    if attention_mask.dim() != 2 or len(attention_mask) != len(mask) or attention_mask.shape[1] < mask.shape[1]:
        raise ValueError(f"attention_mask must be [n, L] like input_ids, not {tuple(attention_mask.shape)}")
    return mask & attention_mask[:, : mask.shape[1]].to(mask)


def check_video(video, video_mask, num_frames, fill=False):
    """Video [V, F, 3, H, W] float and mask [V, F] or None -> both, the mask as bool, F <= num_frames. fill: exactly
    num_frames, the missing ones zeros and not real, as the official loaders fill up."""
    _check_tensor(video, "video")
    if video.dim() != 5 or video.shape[2] != 3 or not video.is_floating_point():
        raise ValueError(f"video must be float [V, F, 3, H, W], not {tuple(video.shape)} {video.dtype}; system.prepare "
                         "makes it from uint8 frames")
    if not video.shape[0] or not video.shape[1]:
        raise ValueError(f"video holds {video.shape[0]} videos of {video.shape[1]} frames; give one frame of one video "
                         "at least")
    if video.shape[1] > num_frames:
        raise ValueError(f"{video.shape[1]} frames per video, but the system was built with num_frames={num_frames}")
    if video_mask is None:
        video_mask = torch.ones(video.shape[:2], dtype=torch.bool, device=video.device)
    _check_tensor(video_mask, "video_mask")
    if video_mask.shape != video.shape[:2]:
        raise ValueError(f"video_mask must be [V, F] = {tuple(video.shape[:2])}, not {tuple(video_mask.shape)}")
    video_mask = video_mask.to(video.device).bool()
    short = num_frames - video.shape[1]
    if short and fill:
        return F.pad(video, (0, 0, 0, 0, 0, 0, 0, short)), F.pad(video_mask, (0, short))
    return video, video_mask


def normalise(frames, frames_read, mean, std):
    """uint8 frames [V, F, H, W, 3], real frames per video [V] or None -> video [V, F, 3, H, W] = (x / 255 - mean) / std
    with mean and std [3], zeros beyond `frames_read`, and mask [V, F] bool."""
    if isinstance(frames, np.ndarray) and not frames.flags.writeable:  # memory-mapped: torch wants arrays of its own
        frames = frames.copy()
    frames = as_tensor(frames, "frames must be uint8 [V, F, H, W, 3]").to(mean.device)
    if frames.dim() != 5 or frames.shape[-1] != 3 or frames.dtype != torch.uint8:
        raise ValueError(f"frames must be uint8 [V, F, H, W, 3], not {tuple(frames.shape)} {frames.dtype}")
    video = (frames.movedim(-1, -3).to(mean.dtype) / 255 - mean[:, None, None]) / std[:, None, None]
    mask = torch.ones(video.shape[:2], dtype=torch.bool, device=video.device)
    if frames_read is not None:
        wanted = f"frames_read must be one whole number for each of {len(video)} videos"
        read = as_tensor(frames_read, wanted, video.device)
        if read.shape != video.shape[:1] or read.dtype not in WHOLE:
            raise ValueError(f"{wanted}, not {list(read.shape)} {read.dtype}")
        if bool(((read < 0) | (read > video.shape[1])).any()):
            raise ValueError(f"frames_read must lie from 0 to {video.shape[1]}, the frames that are given, and holds "
                             f"{read.tolist()[:10]}")
        mask = torch.arange(video.shape[1], device=video.device) < read[:, None]
        video = video * mask[:, :, None, None, None]
    return video, mask


def _check_tensor(value, name):
    if not isinstance(value, torch.Tensor) or value.is_complex() or value.layout != torch.strided:
        raise ValueError(f"{name} must be a dense torch tensor of real numbers, not a {type(value).__name__}")
