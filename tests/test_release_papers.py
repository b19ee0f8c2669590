"""The papers of a release: the committed datasheets and Croissant files are what the code writes."""

import json
from pathlib import Path

import pytest

from posrank.release import card
from posrank.release.folder import TABLE

RELEASES = sorted((Path(__file__).resolve().parent.parent / "data" / "releases").glob("*/release.json"))


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.parent.name)
def test_the_committed_papers_are_what_the_code_writes(path):
    about = json.loads(path.read_text(encoding="utf-8"))
    assert (path.parent / "datasheet.md").read_text(encoding="utf-8") == card.datasheet(about)
    described = json.loads((path.parent / "croissant.json").read_text(encoding="utf-8"))
    assert described == card.croissant(about, path.parent / TABLE[about["rule"]])
    assert None not in described.values()


def test_a_datasheet_says_what_a_set_lacks():
    about = json.loads(RELEASES[-1].read_text(encoding="utf-8"))
    bare = card.datasheet(about | {"dataset": "mine", "blind": {}, "attrs": {}})
    assert "with the tagger unknown. No person" in bare and "Official files" not in bare
    assert "judges that see no video" not in bare and "drawn by a hash" not in bare and "Words come from" not in bare
