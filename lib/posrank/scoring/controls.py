"""What a run is shown instead of its videos: shuffled, blank, one frame, frames in reverse order.

In: names of `evaluate.controls`, the run's scorer, the captions. Out: a scorer per row of the report. One frame and
reversed frames still show the right video: they are controls, not blind rows.
"""

from posrank.scoring import scorers

CONTROLS = {
    "shuffled": "shuffled video", "blank": "blank video", "one_frame": "one frame", "reversed": "reversed frames",
}
"""Parameter value -> name of the row."""



def views(names, scorer, captions, seed=0):
    """{row: scorer} of what a run is shown instead of its videos; `names` of CONTROLS, `scorer` the run's own."""
    changed = {"blank": scorers.blank_frames, "one_frame": scorers.one_frame, "reversed": scorers.reversed_frames}
    out = {}
    for name in names:
        if name == "shuffled":
            view = scorers.ShuffledVideo(scorer, captions["video_id"].unique(), seed)
        else:
            view = scorer.with_frames(changed[name](scorer.frames))
        if name == "blank":  # all blank videos are alike: one is enough
            view = scorers.ConstantVideo(view, captions["video_id"].iloc[0])
        out[CONTROLS[name]] = view
    return out
