"""ActivityNet Captions (Krishna et al., ICCV 2017).

Comes in: ``train.json``, ``val_1.json``, ``val_2.json``, each ``{"v_ID": {"duration", "timestamps": [[s, e]],
"sentences": [" text"]}}``. Variants: ``paragraphs`` (one caption per video, its sentences joined; train 10,009 and
test = val_1, 4,917 videos) and ``sentences`` (one clip per sentence, named ``v_ID_0``). val_2 annotates val_1's
videos a second time: its captions are counted as dropped. Table 1's test row is val_1's.
"""

from posrank.captions.rows import Rows
from posrank.reading import Document, find, folder_of, need

SOURCE = "https://cs.stanford.edu/people/ranjaykrishna/densevid/ (captions.zip)"
VARIANTS = ("paragraphs", "sentences")
_SECOND = "second annotation (val_2) of a video of val_1"


def load(root, variant="paragraphs"):
    """The captions table; see the head of this file."""
    folder, rows = folder_of(root, "activitynet"), Rows("activitynet")
    need(folder, "train.json", "val_1.json", dataset="activitynet", source=SOURCE)
    for name, split in (("train.json", "train"), ("val_1.json", "test"), ("val_2.json", None)):
        path = find(folder, name)
        if path is None:
            rows.notes.append(f"{name} is not there: its captions are not available")
            continue
        document = Document(path)
        if not isinstance(document.data, dict):
            raise document.wrong((), "an object {video id: annotation} is needed")
        for video, entry in document.data.items():
            _video(rows, document, video, entry, split, variant)
    return rows.table()


def _video(rows, document, video, entry, split, variant):
    place = _place(document, video)
    times = entry.get("timestamps") if isinstance(entry, dict) else None
    sentences = entry.get("sentences") if isinstance(entry, dict) else None
    if not isinstance(sentences, list) or not isinstance(times, list) or len(times) != len(sentences):
        raise document.wrong((video,), "'sentences' and 'timestamps' must be lists of the same length")
    if not all(isinstance(sentence, str) for sentence in sentences):
        raise document.wrong((video, "sentences"), "a sentence is no text")
    if variant == "paragraphs":
        if split is None:
            rows.skip(video, _SECOND, place)
        else:
            paragraph = " ".join(sentence.strip() for sentence in sentences if sentence.strip())
            rows.add(split, video, paragraph, place, file=f"{video}.mp4")
        return
    for index, (sentence, window) in enumerate(zip(sentences, times)):
        place = _place(document, video, "sentences", index)
        if not isinstance(window, list) or len(window) != 2 or not all(isinstance(x, (int, float)) for x in window):
            raise document.wrong((video, "timestamps", index), "two numbers (seconds) are needed")
        clip = f"{video}_{index}"
        if split is None:
            rows.skip(clip, _SECOND, place)
        elif not 0 <= window[0] < window[1]:
            rows.skip(clip, "start and end are not in order", place, blemish=True)
        else:
            rows.add(split, clip, sentence, place, file=f"{video}.mp4", start=window[0], end=window[1])


def _place(document, *steps):
    return lambda: document.at(*steps)
