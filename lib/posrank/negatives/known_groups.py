"""Groups of statements that a dataset brings along, for rule `exchange`: captions of scenes that share all but one
thing.

In: a captions table with the column `group` ("" or missing = a caption of no group). Who made the scenes knows that
each caption holds of its own video alone, so nothing is filtered; only the form is checked.
"""

from posrank.language.parts import fine_tag, part_of


def known_groups(captions, tagged, parts):
    """[(caption_id, text, "caption", word, position, part, group name)] of the groups whose captions differ in a word
    of `parts`.

    captions: a captions table with `group`; tagged: {caption_id: Tokens}. ValueError names the group whose captions do
    not differ in exactly one word of one part and tag at one place, or whose videos are not all different.
    """
    rows = []
    given = captions[captions["group"].fillna("").astype(str) != ""]
    for name, group in given.groupby("group", sort=True):
        tokens = [tagged[caption_id] for caption_id in group["caption_id"]]
        texts = [[word.lower() for word in each.text] for each in tokens]
        places = [i for i, words in enumerate(zip(*texts)) if len(set(words)) > 1]
        distinct = len({*map(tuple, texts)}) == len(texts)
        alike = distinct and len(places) == 1 and len({len(words) for words in texts}) == 1
        kinds = {_kind(each, places[0]) for each in tokens} if alike else set()
        if len(group) < 2 or len(kinds) != 1 or None in kinds or group["video_id"].nunique() < len(group):
            raise ValueError(f"group {name!r}: its captions must be two or more, of different videos, and differ in "
                             "exactly one word of one part of speech at one place: correct the column `group` of the "
                             "captions")
        ((part, _),) = kinds
        if part in parts:
            rows += [(caption_id, " ".join(words), "caption", words[places[0]], places[0], part, f"{part}-{name}")
                     for caption_id, words in zip(group["caption_id"], texts)]
    return rows


def _kind(tokens, i):
    """(part, tag) of a token; None where it is of no part."""
    part = part_of(tokens.upos[i], tokens.tag[i])
    return part and (part, fine_tag(part, tokens.tag[i]))
