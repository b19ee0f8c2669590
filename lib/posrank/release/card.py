"""The papers of a release: its datasheet, and its description in the Croissant format (1.1, with the fields on
responsible AI) that catalogues of datasets read.

In: what `release.json` says. Out: texts. They hold numbers and facts, no text of a caption.
"""

import hashlib
import json

import pandas as pd
import pyarrow.parquet

from posrank import captions
from posrank.figures.style import markdown
from posrank.release.folder import TEMPLATES

_RULES = {
    "paper": "one word of a caption replaced, antonyms first, then random words of its part of speech (Section 4)",
    "released": "one word of a caption replaced as the authors' code does it",
    "exchange": "statements of other videos that differ in one word; a scorer that sees no video gets chance, by proof",
}
_MEANINGS = {
    "caption_id": "id of the caption in the dataset", "video_id": "id of its video in the dataset",
    "fingerprint": "BLAKE2b (8 bytes) of the caption in lower case with even white space",
    "part": "part of speech of the changed word: noun, verb, adj, adv, prep",
    "starts": "first characters of the replaced words, white space evened out", "lengths": "their lengths",
    "positions": "their tokens", "place": "which of these words each negative replaces", "word": "what takes its place",
    "relation": "how that word was found", "article": "what the article before becomes, where it changes",
    "written": "the word as it is written, where not in lower case", "group": "the group of statements",
    "unit": "whole caption, or a statement cut from it", "start": "first character of the statement",
    "length": "its length", "word_start": "first character of the word in which the group differs",
    "word_length": "its length", "position": "its token",
}
_BIAS = ("Negatives are edited sentences, and a model that reads only text can tell some of them from captions: "
         "compare with the blind rows of release.json.")
_NO_BIAS = "No text-only scorer is above chance on whole groups. Other videos are other scenes: coarse vision helps."


def datasheet(about):
    """The datasheet as Markdown, in the order of "Datasheets for Datasets" (Gebru et al.): templates/datasheet.md."""
    exchange, dataset, attrs, counts = about["rule"] == "exchange", about["dataset"], about["attrs"], about["counts"]
    rows = [[part, f"{own['lists']:,}", f"{own['negatives']:,}", f"{own['videos']:,}", f"{about['chance'][part]:.4f}"]
            for part, own in counts.items()]
    judges = [[judge, *(f"{values[part][0]:.3f}" if part in values else "" for part in counts)]
              for judge, values in about["blind"].items()]
    blind = f"PoSRank of judges that see no video:\n\n{_numbers(['judge', *counts], judges)}\n\n"
    source = " ".join(captions.source(dataset).split()) if dataset in captions.DATASETS else ""
    drawn = f" At most {attrs.get('captions_per_video')} captions of each video and part, drawn by a hash."
    return (TEMPLATES / "datasheet.md").read_text(encoding="utf-8").format(
        name=about["name"], lists=sum(part["lists"] for part in counts.values()), dataset=dataset,
        variant=about["variant"], splits=", ".join(about["splits"]), rule=_RULES[about["rule"]],
        drawn=drawn if attrs.get("captions_per_video") and not exchange else "",
        counts=_numbers(["part", "lists", "negatives", "videos", "chance"], rows),
        file="groups.parquet" if exchange else "edits.parquet", words="" if exchange else ", and the words put there",
        source=f"Official files: {source}\n\n" if source else "", posrank=about["made_by"]["posrank"],
        code=about["made_by"]["code"][:12], tagger=attrs.get("tagger", "unknown"),
        reference=f" Words come from {attrs['reference']}." if attrs.get("reference") else "",
        bias=_NO_BIAS if exchange else _BIAS, blind=blind if judges else "",
    )


def _numbers(head, rows):
    return markdown(pd.DataFrame(rows, columns=head), index=False, numbers=len(head) - 1)


def croissant(about, path):
    """The JSON-LD of croissant.json, laid over templates/croissant.json; `path`: the release's table."""
    exchange, file, rule = about["rule"] == "exchange", path.name, _RULES[about["rule"]]
    there = pyarrow.parquet.read_schema(path)
    columns = [*(name for name in _MEANINGS if name in there.names), *(name for name in there.names if name[-1] == "2")]
    return json.loads((TEMPLATES / "croissant.json").read_text(encoding="utf-8")) | {
        "name": about["name"], "version": f"{about['version']}.0", "datePublished": about["date"],
        "description": f"Lists of sentences for fine-grained video-text retrieval on {about['dataset']}: {rule}. "
                       "It holds ids, places and words, no captions.",
        "keywords": ["video-text retrieval", "fine-grained evaluation", "part of speech", about["dataset"]],
        "rai:dataCollection": f"Made by a program from the captions of {about['dataset']}: {rule}.",
        "rai:machineAnnotationTools": [str(about["attrs"].get("tagger", "unknown"))],
        "rai:dataBiases": [_NO_BIAS if exchange else _BIAS],
        "distribution": [{"@type": "cr:FileObject", "@id": file, "name": file, "contentUrl": file,
                          "encodingFormat": "application/x-parquet",
                          "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "lists", "name": "lists",
                       "description": "One record per statement." if exchange else "One record per list.",
                       "field": [_field(name, there.field(name).type, file) for name in columns]}],
    }


def _field(name, kind, file):
    base, is_list = name.rstrip("2"), pyarrow.types.is_list(kind)
    is_number = pyarrow.types.is_integer(kind.value_type if is_list else kind)
    field = {"@type": "cr:Field", "@id": f"lists/{name}", "name": name,
             "description": _MEANINGS[base] + (" (second word)" if base != name else ""),
             "dataType": "sc:Integer" if is_number else "sc:Text",
             "source": {"fileObject": {"@id": file}, "extract": {"column": name}}}
    return field | ({"isArray": True, "arrayShape": "-1"} if is_list else {})
