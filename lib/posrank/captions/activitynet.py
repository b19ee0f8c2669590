"""ActivityNet Captions (Krishna et al., ICCV 2017).

Comes in: ``train.json``, ``val_1.json``, ``val_2.json``, each ``{"v_ID": {"duration", "timestamps": [[s, e]],
"sentences": [" text"]}}``. Variants: ``paragraphs`` (a caption per video; train 10,009 and test = val_1, 4,917 videos)
and ``sentences`` (a clip per sentence, named ``v_ID_0``). val_2 annotates val_1's videos again: its captions are
dropped.
"""

from posrank.captions.documents import read_json

VARIANTS = ("paragraphs", "sentences")


def read(folder, rows, variant):
    """The captions; see the head of this file."""
    folder.need("train.json", "val_1.json")
    rows.outside = "second annotation (val_2) of a video of val_1"
    for name, split in (("train.json", "train"), ("val_1.json", "test"), ("val_2.json", None)):
        path = folder.find(name, lost="its captions are not available")
        for video, entry in read_json(path).items() if path else ():
            _video(rows, video, entry, split, variant)


def _video(rows, video, entry, split, variant):
    sentences, times = entry.under("sentences", list), entry.entries("timestamps")
    if len(times) != len(sentences):
        raise entry.wrong("'sentences' and 'timestamps' must be lists of the same length")
    if not all(isinstance(sentence, str) for sentence in sentences):
        raise entry.wrong("a sentence is no text")
    if variant == "paragraphs":
        paragraph = " ".join(sentence.strip() for sentence in sentences if sentence.strip())
        rows.add(split, video, paragraph, entry.place, file=f"{video}.mp4")
        return
    for index, (sentence, time) in enumerate(zip(sentences, times)):
        start, end = time.pair()
        clip = f"{video}_{index}"
        if split is not None and not 0 <= start < end:
            rows.skip(clip, "start and end are not in order", time.place, fault=True)
        else:
            rows.add(split, clip, sentence, time.place, file=f"{video}.mp4", start=start, end=end)
