"""The generated parts of README.md: its table of results, from metrics/ alone.

    python -m posrank.readme            rewrite the part between the markers

A test holds the committed README equal to what this writes.
"""

import re
from pathlib import Path

from posrank.figures.tables import load_metrics, readme_table
from posrank.paths import atomic, root

MARKER = "<!-- results:"
_MARKED = re.compile(r"(<!-- results: (?P<folder>\S+) -->\n).*?(<!-- end of results -->)", re.S)


def fill(text, base):
    """README text with every marked part replaced by the table of the metrics folder that its marker names."""

    def part(match):
        metrics = load_metrics(Path(base) / match["folder"])
        if not metrics:
            raise ValueError(f"{match['folder']} holds no metrics of runs: make repro, then make publish")
        return f"{match[1]}{readme_table(metrics)}\n{match[3]}"

    if not _MARKED.search(text):
        raise ValueError("README.md has no marked part '<!-- results: metrics -->' ... '<!-- end of results -->'")
    return _MARKED.sub(part, text)


def main():
    path = root() / "README.md"
    text = fill(path.read_text(encoding="utf-8"), root())
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
