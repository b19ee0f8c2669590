"""The generated parts of README.md and docs/: tables of results and the picture of the finding, from metrics/ alone.

    python -m posrank.readme            rewrite the parts between the markers

A marker names what stands there and the folders that it is made of: `<!-- results: metrics/full -->` (recall and PoSRank),
`<!-- finding: metrics/full metrics/skewed -->` (what the strategies add, and how much of it is vision), `<!-- shortcut: metrics
metrics/skewed -->` (two worlds side by side), and of published sweeps `constant` (trained on a constant video), `generators` (trained
on one kind of negatives, tested on others), `lambda` and `n` (Tables 5 and 6). A part ends with `<!-- end of results -->`. A test
holds the committed pages equal to what this writes.
"""

import re
from pathlib import Path

from posrank.figures.finding import finding_figure, readme_finding, readme_shortcut
from posrank.figures.probes import constant_table, cross_generator, points
from posrank.figures.report import sweep_table
from posrank.figures.style import save, show_style
from posrank.figures.tables import load_metrics, markdown, readme_table
from posrank.paths import atomic, root

PAGES = ("README.md", "docs/results.md", "docs/finding.md")
MARKER = "<!-- results:"
_MARKED = re.compile(r"(<!-- (?P<kind>\w+): (?P<folders>[^>]+?) -->\n).*?(<!-- end of results -->)", re.S)
CAPTIONS = {"skewed": "captions with a shortcut"}
"""Folder of metrics -> what its runs have in common; all others were run on the balanced captions."""


def fill(text, base):
    """README text with every marked part replaced by the table of the metrics folders that its marker names.

    ValueError for a page without a marked part, an unknown kind, or a folder without the numbers that its marker asks for.
    """

    def part(match):
        kind, folders = match["kind"], match["folders"].split()
        if kind in KINDS:
            table = KINDS[kind](_groups(base, folders))
        elif kind in SWEEPS:
            table = _sweep(kind, Path(base) / folders[0])
        else:
            raise ValueError(f"'<!-- {kind}: ... -->' is none of {', '.join([*KINDS, *SWEEPS])}")
        return f"{match[1]}{table}\n{match[4]}"

    if not _MARKED.search(text):
        raise ValueError("the page has no marked part '<!-- results: metrics -->' ... '<!-- end of results -->'")
    return _MARKED.sub(part, text)


KINDS = {"results": lambda groups: readme_table(next(iter(groups.values()))), "finding": readme_finding, "shortcut": readme_shortcut}
"""Kind of a part -> Markdown from {name of a group: metrics of its runs}."""

SWEEPS = ("constant", "generators", "lambda", "n")
"""Kinds that are made of a folder's published sweeps."""


def _sweep(kind, folder):
    """Markdown of the sweep in `<folder>/sweeps`."""
    name = {"generators": "rule"}.get(kind, kind)
    found = points(folder / "sweeps", name)
    if not found:
        raise ValueError(f"{folder}/sweeps holds no {name}-*.json: make sweep SWEEP={name}, then make publish")
    if kind == "constant":
        return markdown(constant_table(found, load_metrics(folder)))
    if kind == "generators":
        return markdown(cross_generator(found))
    table = sweep_table(folder / "sweeps", name)
    table[name] = table[name].map("{:g}".format)
    return markdown(table, index=False)


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
