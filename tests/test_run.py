"""posrank.run and posrank.canonical: executed notebooks with reproducible bytes, and failures that say what to do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from posrank import run
from posrank.canonical import canonical, scrub, write_notebook


def notebook(path, *cells, parameters="name = 'a'\nnumber = 1"):
    node = v4.new_notebook(cells=[
        v4.new_markdown_cell("# A title"), v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        *map(v4.new_code_cell, cells),
    ])
    nbformat.write(node, path)
    return path


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder that is the root, with the environment's programs on PATH as the Makefile has them."""
    monkeypatch.setenv("POSRANK_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


BUSY = """
import os, sys, time
from tqdm.auto import tqdm
for _ in tqdm(range(3), desc="working"):
    time.sleep(0.01)
print("in", os.path.basename(os.getcwd()), name, number)
print("a warning of", os.getpid(), file=sys.stderr)
object()
"""


def test_executes_in_the_root_with_the_same_bytes_each_time(project, capfd):
    source = notebook(project / "n.ipynb", BUSY)
    arguments = ["-p", "name", "[x, y]", "-p", "number", "1e-4"]
    assert run.main([str(source), "--out", "results/deep/n.ipynb", "--html", "results/n.html", *arguments]) == 0
    seen = capfd.readouterr()
    assert "working" in seen.err and "a warning of" in seen.err
    out = project / "results/deep/n.ipynb"
    first = out.read_bytes()
    done = nbformat.reads(first.decode(), as_version=4)
    nbformat.validate(done)
    texts = [output for cell in done.cells for output in cell.get("outputs", [])]
    assert texts[0].text == f"in {project.name} ['x', 'y'] 0.0001\n"
    assert texts[1].data["text/plain"] == "<object at 0x0>" and len(texts) == 2
    page = (project / "results/n.html").read_text()
    assert "A title" in page and "['x', 'y'] 0.0001" in page and "<script" not in page and "it/s" not in page
    assert run.main([str(source), "--out", "results/deep/n.ipynb", *arguments]) == 0
    assert out.read_bytes() == first
    assert sorted(path.name for path in out.parent.iterdir()) == ["n.ipynb"]


def test_a_failing_cell_ends_with_its_message(project, capfd):
    failing = "raise ValueError('captions.json, line 3: no text; add it')"
    source = notebook(project / "n.ipynb", "print('so far')", failing)
    (project / "out").mkdir()
    (project / "out/n.ipynb").write_text("an older one")
    done = subprocess.run(
        [sys.executable, "-m", "posrank.run", str(source), "--out", "out/n.ipynb"], capture_output=True, text=True
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith("n.ipynb, cell 3: captions.json, line 3: no text; add it")
    assert "Traceback" not in done.stderr
    kept = nbformat.read(project / "out/n.failed.ipynb", as_version=4)
    assert "so far" in json.dumps(kept)
    assert (project / "out/n.ipynb").read_text() == "an older one"


def test_an_error_that_does_not_explain_itself_comes_with_its_traceback(project, capfd):
    source = notebook(project / "n.ipynb", "def divide():\n    return 1 / 0\ndivide()")
    assert run.main([str(source), "--out", "n_out.ipynb"]) == 1
    told = capfd.readouterr().err
    assert "return 1 / 0" in told and "\x1b" not in told
    assert told.strip().splitlines()[-1].endswith("ZeroDivisionError: division by zero")
    assert not (project / "n_out.ipynb").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["n.ipynb", "--out", "o.ipynb", "-p", "nmber", "2"], "has no parameter 'nmber'; did you mean 'number'"),
        (["m.ipynb", "--out", "o.ipynb"], "m.ipynb does not exist"),
        (["broken.ipynb", "--out", "o.ipynb"], "broken.ipynb is no readable notebook"),
        (["n.ipynb", "n.ipynb", "--out", "o.ipynb"], "one notebook at a time"),
    ],
)
def test_what_cannot_be_run_is_said(project, capfd, arguments, words):
    notebook(project / "n.ipynb", "1")
    (project / "broken.ipynb").write_text("{")
    assert run.main(arguments) == 1
    assert words in capfd.readouterr().err
    assert not (project / "o.ipynb").exists()


def test_source_copies_do_not_see_outputs_ids_or_versions(project):
    source = notebook(project / "n.ipynb", "x = 1", "x", "")
    assert run.main(["--source", "n.ipynb", "--out", "copies"]) == 0
    before = (project / "copies/n.ipynb").read_bytes()
    node = nbformat.read(source, as_version=4)
    language = {"name": "python", "version": "9"}
    node.metadata = {"kernelspec": {"name": "other", "display_name": "Other"}, "language_info": language}
    for i, cell in enumerate(node.cells):
        cell.id, cell.metadata["collapsed"] = f"random{i}", False
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = 7, [v4.new_output("stream", text="saved")]
    nbformat.write(node, source)
    assert run.main(["--source", "n.ipynb", "--out", "copies"]) == 0
    assert (project / "copies/n.ipynb").read_bytes() == before
    node.cells[2].source = "x = 2"
    nbformat.write(node, source)
    run.main(["--source", "n.ipynb", "--out", "copies"])
    assert (project / "copies/n.ipynb").read_bytes() != before
    kept = nbformat.read(project / "copies/n.ipynb", as_version=4)
    assert kept.cells[1].metadata.tags == ["parameters"] and len(kept.cells) == 4


def test_scrub_joins_streams_and_steadies_styled_tables(tmp_path):
    cell = v4.new_code_cell("1", outputs=[
        v4.new_output("stream", text="a"), v4.new_output("stream", name="stderr", text="/home/me"),
        v4.new_output("stream", text="b\n"),
        v4.new_output("display_data", {"text/html": '<table id="T_0a1b2"><td id="T_0a1b2_row0">'}),
    ])
    node = scrub(v4.new_notebook(cells=[cell], metadata={"papermill": {"duration": 1}}))
    assert [output.get("text") for output in node.cells[0].outputs] == ["ab\n", None]
    assert node.cells[0].outputs[1].data["text/html"] == '<table id="T_00000"><td id="T_00000_row0">'
    assert "papermill" not in node.metadata
    write_notebook(canonical(node), tmp_path / "a" / "n.ipynb")
    assert json.loads((tmp_path / "a" / "n.ipynb").read_text())["cells"][0]["outputs"] == []
