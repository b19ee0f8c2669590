"""The frame store under its short name: `posrank.frames` is `posrank.video.store`."""

import sys

from posrank.video import store

sys.modules[__name__] = store
