"""The generated parts of README.md and docs/finding.md: tables of results and the picture of the finding, from metrics/ alone.

    python -m posrank.readme            rewrite the parts between the markers

A marker names what stands there and the folders that it is made of: `<!-- results: metrics/full -->` (recall and PoSRank),
`<!-- finding: metrics/full metrics/skewed -->` (what the strategies add, and how much of it is vision), `<!-- shortcut: metrics
metrics/skewed -->` (two worlds side by side). A part ends with `<!-- end of results -->`. A test holds the committed pages equal
to what this writes.
"""

import re
from pathlib import Path

from posrank.figures.finding import finding_figure, readme_finding, readme_shortcut
from posrank.figures.style import save, show_style
from posrank.figures.tables import load_metrics, readme_table
from posrank.paths import atomic, root

PAGES = ("README.md", "docs/finding.md")
MARKER = "<!-- results:"
_MARKED = re.compile(r"(<!-- (?P<kind>results|finding|shortcut): (?P<folders>[^>]+?) -->\n).*?(<!-- end of results -->)", re.S)
CAPTIONS = {"skewed": "captions with a shortcut"}
"""Folder of metrics -> what its runs have in common; all others were run on the balanced captions."""


def fill(text, base):
    """README text with every marked part replaced by the table of the metrics folders that its marker names."""

    def part(match):
        groups = _groups(base, match["folders"].split())
        kinds = {"finding": readme_finding, "shortcut": readme_shortcut}
        table = kinds[match["kind"]](groups) if match["kind"] in kinds else readme_table(next(iter(groups.values())))
        return f"{match[1]}{table}\n{match[4]}"

    if not _MARKED.search(text):
        raise ValueError("the page has no marked part '<!-- results: metrics -->' ... '<!-- end of results -->'")
    return _MARKED.sub(part, text)


def _groups(base, folders):
    groups = {}
    for folder in folders:
        metrics = load_metrics(Path(base) / folder)
        if not metrics:
            raise ValueError(f"{folder} holds no metrics of runs: make repro, then make publish")
        groups[CAPTIONS.get(Path(folder).name, "balanced captions")] = metrics
    return groups


def draw(text, base):
    """docs/figures/finding.png from the folders of README's part `finding`; nothing where it has none."""
    found = next((match for match in _MARKED.finditer(text) if match["kind"] == "finding"), None)
    if found:
        show_style()
        save(finding_figure(_groups(base, found["folders"].split())), Path(base) / "docs" / "figures", "finding")


def main():
    for path in (root() / name for name in PAGES):
        if not path.is_file():
            continue
        text = fill(path.read_text(encoding="utf-8"), root())
        with atomic(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        draw(text, root())


if __name__ == "__main__":
    main()
