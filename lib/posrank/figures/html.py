"""An executed notebook as one HTML page: words and results, contents, and under each result the cell behind it, folded.

Comes in: a notebook node without times and ids. Goes out: the text of a page that loads nothing from elsewhere.
"""

import re
from html import escape
from pathlib import Path

# the cell's code stands in the page itself: a link that works wherever the page is
CELL = """{% extends 'lab/index.html.j2' %}
{% block input_group %}{% if cell.outputs %}
<details class="made-by" id="cell-{{ cell.id }}"><summary>made by cell {{ cell.id }}
of the notebook: its code</summary>{{ super() }}</details>{% endif %}{% endblock %}"""

STYLE = Path(__file__).parent / "data" / "report.css"


def page(node, title):
    """HTML of a notebook. Its title is its first heading (else `title`); `<nav id="contents"></nav>`, which
    posrank.figures.head_box writes, becomes the list of its sections."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(raw_template=CELL, embed_images=True, exclude_input_prompt=True, exclude_output_prompt=True)
    lines = [line for cell in node.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    heading = next((line.lstrip("# ") for line in lines if line.startswith("# ")), title)
    text, _ = exporter.from_notebook_node(node, resources={"metadata": {"name": heading}})
    # nothing in a page needs the scripts (mathematics, diagrams, widgets), and they would be fetched from elsewhere
    text = re.sub(r"<script\b.*?</script>", "", text, flags=re.DOTALL)
    sections = re.findall(r'<h2 id="([^"]+)"[^>]*>(.*?)(?:<a\b[^>]*class="anchor-link"|</h2>)', text, flags=re.DOTALL)
    links = {name: re.sub("<[^>]+>", "", words).strip() for name, words in sections}
    contents = "".join(f'<a href="#{escape(name)}">{words}</a>' for name, words in links.items())
    text = text.replace('<nav id="contents"></nav>', f'<nav id="contents">{contents}</nav>')
    style = f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>"
    return text.replace("</head>", f"{style}</head>", 1)
