"""Executed notebooks whose bytes depend on their results alone, so that DVC sees a change only where there is one."""

import re

KERNEL = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
"""Metadata of every executed notebook."""

_WIDGETS = ("application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json")


def scrub(node):
    """The executed notebook without times, random ids, addresses, widgets, warnings and versions of Python.

    What went to stderr has been shown while it ran; it names folders of this machine, so it is not kept.
    """
    from nbconvert.preprocessors import CoalesceStreamsPreprocessor

    node.metadata = type(node.metadata)(**KERNEL)
    node.nbformat, node.nbformat_minor = 4, 5
    for i, cell in enumerate(node.cells):
        cell.id = str(i)
        tags = [tag for tag in cell.metadata.get("tags", []) if tag != "papermill-error-cell-tag"]
        cell.metadata = type(cell.metadata)({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.outputs = [_steady(output) for output in cell.outputs if not _passing(output)]
    # where a stream is cut depends on timing
    return CoalesceStreamsPreprocessor(enabled=True)(node, {})[0]


def _passing(output):
    data = output.get("data", {})
    return (output.output_type == "stream" and output.name == "stderr") or any(kind in data for kind in _WIDGETS)


def _steady(output):
    """An output with fixed addresses of objects, and fixed ids of pandas' styled tables, which are random."""
    if "metadata" in output:
        output.metadata = type(output.metadata)()
    texts = output if output.output_type == "stream" else output.get("data", {})
    for kind, text in texts.items():
        if (kind.startswith("text/") or kind == "text") and isinstance(text, str):
            text = re.sub(r"\bat 0x[0-9a-fA-F]{6,}", "at 0x0", text)
            for i, name in enumerate(dict.fromkeys(re.findall(r'id="T_([0-9a-f]{5})"', text))):
                text = text.replace(f"T_{name}", f"T_{i:05d}")
            texts[kind] = text
    return output
