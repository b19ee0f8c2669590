"""Models of other libraries as scorers, for `posrank.evaluate(scorer, negatives, captions)`.

`from_transformers`: dual encoders of the transformers library; `from_mteb`: encoders of mteb; `yes_no`: video language
models by the probability of "yes", and `multiple_choice`, which ranks whole lists. `frames` is a FrameStore, a mapping
or a function: video_id -> (uint8 frames [F, H, W, 3], frames_read), or the frames alone.
"""

from posrank.scoring.adapters.dual import from_transformers
from posrank.scoring.adapters.language import evaluate_lists, multiple_choice, yes_no
from posrank.scoring.adapters.mteb_encoder import from_mteb

__all__ = ["evaluate_lists", "from_mteb", "from_transformers", "multiple_choice", "yes_no"]
