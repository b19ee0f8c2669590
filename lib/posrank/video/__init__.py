"""Videos: frames of a file (`sampling`, `probing`, `decoding`), of all videos of a table (`store`, `worker`)."""

from posrank.video.probing import VideoError, probe
from posrank.video.sampling import BLANK, READERS, SAMPLINGS, frame_indices, read_frames

__all__ = ["BLANK", "READERS", "SAMPLINGS", "VideoError", "frame_indices", "probe", "read_frames"]
