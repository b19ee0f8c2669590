"""Notebooks whose bytes depend on their content alone.

`canonical` keeps what an author wrote (cell sources, their kinds and tags) and drops what running or saving adds, so
that JupyterLab does not make the stages stale that depend on it. `scrub` keeps outputs and drops what differs from run
to run.
"""

import re

from posrank.paths import atomic

_WIDGETS = ("application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json")
_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")
_KERNEL = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}


def canonical(node):
    """A new notebook of the cells' kinds, sources and tags; empty cells at the end are left out."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

    make = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}
    cells = [
        make[cell.cell_type](
            source=cell.source.rstrip(), id=str(i),
            metadata={"tags": list(cell.metadata.tags)} if cell.metadata.get("tags") else {},
        )
        for i, cell in enumerate(node.cells)
    ]
    while cells and not cells[-1].source:
        cells.pop()
    return new_notebook(cells=cells, metadata=_KERNEL)


def scrub(node):
    """The executed notebook without times, random ids, addresses, widgets, warnings and versions of Python.

    What went to stderr has been shown while it ran; it names folders of this machine, so it is not kept.
    """
    node.metadata = type(node.metadata)(**_KERNEL)
    node.nbformat, node.nbformat_minor = 4, 5
    for i, cell in enumerate(node.cells):
        cell.id = str(i)
        tags = [tag for tag in cell.metadata.get("tags", []) if tag != "papermill-error-cell-tag"]
        cell.metadata = type(cell.metadata)({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.outputs = _joined([_output(output) for output in cell.outputs if not _passing(output)])
    return node


def _passing(output):
    data = output.get("data", {})
    return (output.output_type == "stream" and output.name == "stderr") or any(kind in data for kind in _WIDGETS)


def _output(output):
    if output.output_type == "stream":
        output.text = _steady(output.text)
    for kind, value in output.get("data", {}).items():
        if kind.startswith("text/") and isinstance(value, str):
            output.data[kind] = _steady(value)
    if "metadata" in output:
        output.metadata = type(output.metadata)()
    return output


def _joined(outputs):
    """Neighbouring pieces of one stream as one: where a stream is cut depends on timing."""
    joined = []
    for output in outputs:
        if joined and output.output_type == "stream" == joined[-1].output_type and output.name == joined[-1].name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def _steady(text):
    """Addresses of objects, and the random ids that pandas' styled tables carry, replaced by fixed ones."""
    text = _ADDRESS.sub("at 0x0", text)
    for i, name in enumerate(dict.fromkeys(re.findall(r'id="T_([0-9a-f]{5})"', text))):
        text = text.replace(f"T_{name}", f"T_{i:05d}")
    return text


def write_notebook(node, path):
    """Write with fixed indentation and key order, atomically."""
    import nbformat

    with atomic(path) as temporary:
        temporary.write_text(nbformat.writes(node, version=4) + "\n", encoding="utf-8")
