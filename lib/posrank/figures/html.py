"""An executed notebook as one HTML page: words and results, contents, and under each result the cell behind it, folded.

Comes in: a notebook node without times and ids. Goes out: the text of a page that loads nothing from elsewhere.
"""

import re
from html import escape

# the cell's code stands in the page itself: a link that works wherever the page is
CELL = """{% extends 'lab/index.html.j2' %}
{% block input_group %}{% if cell.outputs %}
<details class="made-by" id="cell-{{ cell.id }}"><summary>made by cell {{ cell.id }}
of the notebook: its code</summary>{{ super() }}</details>{% endif %}{% endblock %}"""

STYLE = """<style>
body { max-width: 1240px; margin: auto; }
.jp-Cell { display: flex; flex-direction: column; }
details.made-by { order: 2; margin: .2em 0 1em; font-family: sans-serif; }
details.made-by > summary { color: #777; font-size: 85%; cursor: pointer; }
.jp-OutputArea-output table { font-size: 12.5px; }
.jp-RenderedHTMLCommon tbody th { text-align: left !important; vertical-align: top; }
.jp-RenderedText pre { font-family: sans-serif; color: #555; white-space: pre-wrap; }
.jp-RenderedHTMLCommon td, .jp-RenderedHTMLCommon th { white-space: normal; padding: .25em .45em; }
.jp-OutputPrompt, .jp-InputPrompt { display: none; }
.head-box table { font-size: 14px; }
nav#contents { columns: 2; border: 1px solid #ccc; padding: .6em 1em; margin: 1em 0; }
nav#contents a { display: block; }
.jp-RenderedHTMLCommon tbody th { background: white; }
@page { size: A4 landscape; margin: 12mm; }
@media print {
  details.made-by { display: none; }
  img, table { break-inside: avoid; }
  img { max-height: 12cm; width: auto; }
  h2, .jp-MarkdownCell, .jp-OutputArea-output p { break-after: avoid; }
  .jp-Cell, .jp-InputArea, .jp-OutputArea-child { display: block; break-inside: auto; }
  .jp-OutputArea-output { overflow: visible; }
  .jp-OutputArea-output table { font-size: 11px; }
}
</style>"""


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
    return text.replace("</head>", f"{STYLE}</head>", 1)
