"""The generated tables of README.md and the docs, from metrics/ alone, written by cog.

    python -m posrank.figures.readme            write them anew (the same as cog -r on these pages)

A table stands between `<!-- [[[cog from posrank.figures import readme; readme.results("metrics/full") ]]] -->` and
`<!-- [[[end]]] -->`. A test holds the committed pages equal to what this writes.
"""

import io
import sys

from posrank.figures.runs import load_metrics
from posrank.figures.style import markdown
from posrank.figures.tables import results_table
from posrank.files import atomic, root


def results(folder):
    """Print recall and PoSRank of the runs in a folder, with what needs no video below."""
    import cog  # the module that cog makes for the pages it fills

    runs = load_metrics(root() / folder)
    if not runs:
        raise ValueError(f"{folder} holds no metrics of runs: make repro, then make publish")
    table = markdown(results_table(runs))
    cog.outl(table.replace("| --- " * 9 + "|", "| --- | --- " + "| ---: " * 7 + "|"))


def pages(base):
    """Pages of the project that have generated parts."""
    every = [base / "README.md", *sorted((base / "docs").rglob("*.md"))]
    return [path for path in every if path.is_file() and "[[[cog" in path.read_text(encoding="utf-8")]


def fill(text, name="page"):
    """The text with its generated parts written anew. ValueError for a folder without the numbers asked for."""
    from cogapp import Cog

    out = io.StringIO()
    Cog().process_file(io.StringIO(text), out, fname=name)
    return out.getvalue()


def main():
    """Write all pages."""
    base = root()
    for path in pages(base):
        text = fill(path.read_text(encoding="utf-8"), path.name)
        with atomic(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        print(path.relative_to(base), file=sys.stderr)


if __name__ == "__main__":
    main()
