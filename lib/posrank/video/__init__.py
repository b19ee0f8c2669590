"""Videos: frames of a file (`sampling`, `decoding`) and of all videos of a captions table (`store`, `worker`, `journal`)."""

from posrank.video.decoding import VideoError, probe
from posrank.video.sampling import READERS, SAMPLINGS, frame_indices, read_frames

__all__ = ["READERS", "SAMPLINGS", "VideoError", "frame_indices", "probe", "read_frames"]
