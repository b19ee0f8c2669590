"""A mask given where a number of sentences or a column is meant is an error, no number."""
import numpy as np
import pytest

from posrank import scoring


@pytest.mark.parametrize("lengths", ([True], np.array([True, True]), True))
def test_a_mask_is_no_list_length(lengths):
    with pytest.raises(ValueError, match="lengths: expected whole numbers"):
        scoring.chance(lengths)


@pytest.mark.parametrize("own", ([True, False], np.array([False, True])))
def test_a_mask_names_no_columns(own):
    with pytest.raises(ValueError, match="caption_video: expected column numbers"):
        scoring.recall(np.eye(2), own)
