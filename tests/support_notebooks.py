"""Runs a notebook's code cells in this process: no kernel, so that a test takes seconds and can look at the variables."""

import sys
from typing import NamedTuple

import nbformat

from posrank.files import root

NOTEBOOKS = root() / "notebooks"


class Ran(NamedTuple):
    """space: the variables after the last cell; outputs: what was displayed, as {kind: text} each; printed: the rest."""

    space: dict
    outputs: list
    printed: str


def read(name):
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


def run(name, **parameters):
    """Run notebook `name` from top to end, `parameters` after its `parameters` cell; the first error of a cell is raised."""
    import matplotlib
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    matplotlib.use("Agg")
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    try:
        with capture_output() as shown:
            for cell in read(name).cells:
                if cell.cell_type == "code":
                    shell.run_cell(cell.source, store_history=False).raise_error()
                if "parameters" in cell.metadata.get("tags", []):
                    shell.user_ns.update(parameters)
        return Ran(dict(shell.user_ns), [output.data for output in shown.outputs], shown.stdout)
    finally:
        InteractiveShell.clear_instance()
        if "matplotlib.pyplot" in sys.modules:
            matplotlib.pyplot.close("all")
