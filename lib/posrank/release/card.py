"""The papers of a release: its datasheet, and its description in the Croissant format (1.1, with the fields on
responsible AI) that catalogues of datasets read.

In: what `release.json` says. Out: texts. They hold numbers and facts, no text of a caption.
"""

import hashlib

from posrank import captions

LICENSE = "https://spdx.org/licenses/MIT"

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
_LISTS = ("starts", "lengths", "positions", "place", "word", "relation", "article", "written")
_NUMBERS = {"starts", "lengths", "positions", "place", "start", "length", "word_start", "word_length", "position"}
_BIAS = ("Negatives are edited sentences, and a model that reads only text can tell some of them from captions: "
         "compare with the blind rows of release.json.")
_NO_BIAS = "No text-only scorer is above chance on whole groups. Other videos are other scenes: coarse vision helps."
_PERSONAL = "None beyond what the captions' owners published; ids of videos are theirs."


def datasheet(about):
    """The datasheet as Markdown, in the order of "Datasheets for Datasets" (Gebru et al.)."""
    lists = sum(part["lists"] for part in about["counts"].values())
    rows = ["| part | lists | negatives | videos | chance |", "| --- | ---: | ---: | ---: | ---: |"]
    rows += [f"| {part} | {own['lists']:,} | {own['negatives']:,} | {own['videos']:,} | {about['chance'][part]:.4f} |"
             for part, own in about["counts"].items()]
    exchange, reference = about["rule"] == "exchange", about["attrs"].get("reference")
    words = f" Words come from {reference}." if reference else ""
    table = "groups.parquet" if exchange else "edits.parquet"
    per_video = about["attrs"].get("captions_per_video")
    drawn = f" At most {per_video} captions of each video and part, drawn by a hash." if per_video and not exchange \
        else ""
    lines = [
        f"# {about['name']}", "",
        f"{lists:,} lists of sentences for the videos of {about['dataset']} (variant {about['variant']}, split "
        f"{', '.join(about['splits'])}): {_RULES[about['rule']]}.{drawn}", "", *rows, "",
        "## Motivation", "",
        "The same lists for everybody who measures fine-grained video-text retrieval: PoSRank is the mean reciprocal "
        "rank of the true sentence.", "",
        "## Composition", "",
        f"`{table}` holds ids, places in captions{'' if exchange else ', and the words put there'}; no caption is in "
        "any file. The captions are their owners' and are needed to build the set:", "",
        f"```\npython -m posrank release build {about['name']} --captions data/raw/{about['dataset']}\n```", "",
        *_official(about["dataset"]),
        "Every caption is checked by its fingerprint. Missing and changed ones are left out, counted and named; a "
        "digest of the tables says that the set is whole.", "",
        "## Collection and preprocessing", "",
        f"Made by posrank {about['made_by']['posrank']} (code {about['made_by']['code'][:12]}) with the tagger "
        f"{about['attrs'].get('tagger', 'unknown')}.{words} No person labelled a sentence.", "",
        "## Known limits", "", f"{_NO_BIAS if exchange else _BIAS} A negative may hold of its video all the same: "
        "captions say little of what a video shows.", "",
        *_blind(about),
        "## Uses, distribution, maintenance", "",
        "For evaluation, not for training. Ids, places and words are under the MIT licence, captions and videos under "
        "their owners' terms. A released set never changes: faults that are found are listed in `errata.csv`, a "
        "corrected set gets a new version in `CHANGELOG.md`.",
    ]
    return "\n".join(lines) + "\n"


def croissant(about, path):
    """The JSON-LD of croissant.json; `path`: the release's table."""
    exchange, file = about["rule"] == "exchange", path.name
    columns = [name for name in _MEANINGS if name in _columns(path)]
    second = [name for name in _columns(path) if name.endswith("2")]
    return {
        "@context": _CONTEXT, "@type": "sc:Dataset", "name": about["name"], "version": f"{about['version']}.0",
        "description": f"Lists of sentences for fine-grained video-text retrieval on {about['dataset']}: "
                       f"{_RULES[about['rule']]}. It holds ids, places and words, no captions.",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "license": LICENSE, "inLanguage": "en",
        "datePublished": about["date"], "creator": {"@type": "sc:Organization", "name": "The PoSRank authors"},
        "keywords": ["video-text retrieval", "fine-grained evaluation", "part of speech", about["dataset"]],
        "citeAs": "Beyond Coarse-Grained Matching in Video-Text Retrieval, ACCV 2024",
        "rai:dataCollection": f"Made by a program from the captions of {about['dataset']}: {_RULES[about['rule']]}.",
        "rai:dataCollectionType": ["Derived", "Software Collection"],
        "rai:dataCollectionMissingData": "Captions without a list are absent; release.json counts them by reason.",
        "rai:dataPreprocessingProtocol": ["Captions are tagged, words are replaced or statements exchanged; no person "
                                          "took part."],
        "rai:machineAnnotationTools": [str(about["attrs"].get("tagger", "unknown"))],
        "rai:dataBiases": [_NO_BIAS if exchange else _BIAS],
        "rai:dataLimitations": ["A negative may hold of its video all the same."],
        "rai:dataUseCases": ["Evaluation of video-text retrieval; not for training."],
        "rai:personalSensitiveInformation": [_PERSONAL],
        "rai:dataReleaseMaintenancePlan": "A version never changes; faults are listed in errata.csv.",
        "distribution": [{"@type": "cr:FileObject", "@id": file, "name": file, "contentUrl": file,
                          "encodingFormat": "application/x-parquet",
                          "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "lists", "name": "lists",
                       "description": "One record per statement." if exchange else "One record per list.",
                       "field": [_field(name, file) for name in (*columns, *second)]}],
    }


def _official(dataset):
    """Where the captions come from, [] for a dataset without official files."""
    found = captions.source(dataset) if dataset in captions.DATASETS else ""
    return [f"Official files: {' '.join(found.split())}", ""] if found else []


def _columns(path):
    import pyarrow.parquet

    return pyarrow.parquet.read_schema(path).names


def _field(name, file):
    base = name.rstrip("2")
    field = {"@type": "cr:Field", "@id": f"lists/{name}", "name": name,
             "description": _MEANINGS[base] + (" (second word)" if base != name else ""),
             "dataType": "sc:Integer" if base in _NUMBERS else "sc:Text",
             "source": {"fileObject": {"@id": file}, "extract": {"column": name}}}
    return field | ({"isArray": True, "arrayShape": "-1"} if base in _LISTS else {})


def _blind(about):
    """The text-only judges as a table, [] without any."""
    if not about["blind"]:
        return []
    parts = list(about["counts"])
    lines = ["PoSRank of judges that see no video:", "", f"| judge | {' | '.join(parts)} |",
             f"| --- | {' | '.join('---:' for _ in parts)} |"]
    for judge, values in about["blind"].items():
        cells = [f"{values[part][0]:.3f}" if part in values else "" for part in parts]
        lines.append(f"| {judge} | {' | '.join(cells)} |")
    return [*lines, ""]


_CONTEXT = {
    "@language": "en", "@vocab": "https://schema.org/", "arrayShape": "cr:arrayShape", "citeAs": "cr:citeAs",
    "column": "cr:column", "conformsTo": "dct:conformsTo", "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"}, "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/", "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty", "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract", "field": "cr:field", "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet", "format": "cr:format", "includes": "cr:includes", "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset", "jsonPath": "cr:jsonPath", "key": "cr:key", "md5": "cr:md5",
    "name": {"@container": "@language"}, "parentField": "cr:parentField", "path": "cr:path",
    "recordSet": "cr:recordSet", "references": "cr:references", "regex": "cr:regex", "repeated": "cr:repeated",
    "replace": "cr:replace", "samplingRate": "cr:samplingRate", "sc": "https://schema.org/",
    "separator": "cr:separator", "source": "cr:source", "subField": "cr:subField", "transform": "cr:transform",
}
"""The context that version 1.1 of the format prescribes."""
