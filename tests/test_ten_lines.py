"""The pages docs/my_model.md and docs/my_data.md do what they say: their code blocks are run on the file that they show."""

import re
from itertools import product
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
FIRST = "video_id,caption,file,split\n"
ANIMALS, LOOKS, PLACES = ("dog", "cat", "horse", "bird"), ("brown", "black", "small"), ("across the grass", "under the table")
MORE = [f"v{i},a {look} {animal} {('runs', 'sleeps')[i % 2]} {('quickly', 'quietly')[i % 2]} {place},v{i}.mp4,train\n"
        for i, (animal, look, place) in enumerate(product(ANIMALS, LOOKS, PLACES))]
"""Further captions, for the words that replace others."""


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the csv file of docs/my_data.md, and more lines of its kind."""
    (tmp_path / "data" / "raw" / "csv").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "csv" / "captions.csv").write_text(blocks("my_data.md", "csv")[0] + "".join(MORE))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("page", ["my_data.md", "my_model.md"])
def test_the_code_of_a_page_runs(project, page, capsys):
    space, code = {}, blocks(page, "python")
    assert code and blocks("my_data.md", "csv")[0].startswith(FIRST)
    for block in code:
        exec(compile(block, page, "exec"), space)
    said = capsys.readouterr().out
    assert set(space["sets"]["part"]) >= {"noun", "verb", "adj"} and "noun" in said
    if page == "my_model.md":
        assert len(space["ranks"]) and space["ranks"]["reciprocal_rank"].between(0, 1).all() and "bigram, no video" in said
