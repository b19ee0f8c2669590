"""Notebooks for DVC: executed with reproducible bytes, their code as files of its own, and failures that say what to do."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from posrank.__main__ import main
from posrank.pipeline import notebooks
from posrank.pipeline.scrub import scrub

# a shell that starts pytest in the background has it ignore the interrupts that these tests send
signal.signal(signal.SIGINT, signal.default_int_handler)


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


SLOW_END = """
import threading, time
from ipykernel.iostream import IOPubThread
def late(self, pipe=IOPubThread._event_pipe.fget, time=time, threading=threading):
    if threading.current_thread().name == "Control":
        time.sleep(0.3)
    return pipe(self)
IOPubThread._event_pipe = property(late)
"""


def test_a_kernel_that_is_slow_to_end_shows_no_error(project, capfd):
    assert main(["notebook", str(notebook(project / "n.ipynb", SLOW_END)), "--out", "out.ipynb"]) == 0
    assert not capfd.readouterr().err


def test_executes_in_the_root_with_the_same_bytes_each_time(project, capfd):
    source = notebook(project / "n.ipynb", BUSY)
    arguments = ["-p", "name", "[x, y]", "-p", "number", "1e-4"]
    assert main(["notebook", str(source), "--out", "results/deep/n.ipynb", "--html", "results/n.html", *arguments]) == 0
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
    assert main(["notebook", str(source), "--out", "results/deep/n.ipynb", *arguments]) == 0
    assert out.read_bytes() == first
    assert sorted(path.name for path in out.parent.iterdir()) == ["n.ipynb"]


def test_a_failing_cell_ends_with_its_message(project, capfd):
    failing = "raise ValueError('captions.json, line 3: no text; add it')"
    source = notebook(project / "n.ipynb", "print('so far')", failing)
    (project / "out").mkdir()
    (project / "out/n.ipynb").write_text("an older one")
    done = subprocess.run(
        [sys.executable, "-m", "posrank", "notebook", str(source), "--out", "out/n.ipynb"], capture_output=True, text=True
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
    assert main(["notebook", str(source), "--out", "n_out.ipynb"]) == 1
    told = capfd.readouterr().err
    assert "return 1 / 0" in told and "\x1b" not in told
    assert told.strip().splitlines()[-1].endswith("ZeroDivisionError: division by zero")
    assert not (project / "n_out.ipynb").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["n.ipynb", "--out", "o.ipynb", "-p", "nmber", "2"], "has no parameter 'nmber' (did you mean 'number'"),
        (["m.ipynb", "--out", "o.ipynb"], "m.ipynb does not exist"),
        (["broken.ipynb", "--out", "o.ipynb"], "broken.ipynb is no readable notebook"),
    ],
)
def test_what_cannot_be_run_is_said(project, capfd, arguments, words):
    notebook(project / "n.ipynb", "1")
    (project / "broken.ipynb").write_text("{")
    assert main(["notebook", *arguments]) == 1
    assert words in capfd.readouterr().err
    assert not (project / "o.ipynb").exists()


def source_of(path):
    assert main(["source", str(path), "--out", "copies"]) == 0
    return [(Path("copies") / f"{path.stem}{suffix}").read_text() for suffix in (".py", ".md")]


def test_source_holds_code_and_markdown_alone(project):
    """Nothing that running and saving a notebook changes, and not the cell that a reader changes to look at another run."""
    path = notebook(project / "n.ipynb", "x = 1", "x", "")
    before = source_of(path)
    assert before == ["x = 1\n\n# %%\nx\n", "# A title\n"]
    node = nbformat.read(path, as_version=4)
    node.metadata = {"kernelspec": {"name": "other", "display_name": "Other"}, "language_info": {"name": "python", "version": "9"}}
    for i, cell in enumerate(node.cells):
        cell.id, cell.metadata["collapsed"] = f"random{i}", False
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = 7, [v4.new_output("stream", text="saved")]
    node.cells[1].source = "name = 'another run'"
    nbformat.write(node, path)
    assert source_of(path) == before
    for i, changed in ((0, (False, True)), (2, (True, False))):
        node.cells[i].source += "2"
        nbformat.write(node, path)
        after = source_of(path)
        assert tuple(a != b for a, b in zip(after, before)) == changed
        before = after


def test_it_runs_on_this_python_whatever_kernels_are_installed(project, monkeypatch, capfd):
    """A kernel of the same name elsewhere on the machine is not taken, nor another python on PATH; nothing is told at the end."""
    spec = project / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({"argv": ["/no/python", "{connection_file}"], "display_name": "x", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(project / "jupyter"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    source = notebook(project / "n.ipynb", "import sys; print(sys.executable)")
    assert main(["notebook", str(source), "--out", "o.ipynb"]) == 0
    assert sys.executable in (project / "o.ipynb").read_text()
    told = capfd.readouterr()
    assert told.err == "" and told.out == f"{sys.executable}\n"


def test_without_a_kernel_it_says_what_is_missing(project, monkeypatch, capfd):
    source = notebook(project / "n.ipynb", "1")
    monkeypatch.setattr(notebooks.importlib.util, "find_spec", lambda name: None)
    assert main(["notebook", str(source), "--out", "o.ipynb"]) == 1
    told = capfd.readouterr().err.strip()
    assert "no package ipykernel" in told and "\n" not in told


def test_a_stopped_notebook_stops_what_runs_in_it(project):
    busy = """
    import pathlib, time
    try:
        pathlib.Path("started").touch()
        time.sleep(60)
    except KeyboardInterrupt:
        pathlib.Path("cleaned up").touch()
        raise
    """
    source = notebook(project / "n.ipynb", textwrap.dedent(busy))
    command = [sys.executable, "-m", "posrank", "notebook", str(source), "--out", "o.ipynb"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    for _ in range(600):
        if (project / "started").exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=60)[1]
    assert process.returncode != 0 and (project / "cleaned up").exists(), told
    assert not (project / "o.ipynb").exists()


def test_scrub_joins_streams_and_steadies_styled_tables():
    cell = v4.new_code_cell("1", outputs=[
        v4.new_output("stream", text="a"), v4.new_output("stream", name="stderr", text="/home/me"),
        v4.new_output("stream", text="b\n"),
        v4.new_output("display_data", {"text/html": '<table id="T_0a1b2"><td id="T_0a1b2_row0">'}),
    ])
    node = scrub(v4.new_notebook(cells=[cell], metadata={"papermill": {"duration": 1}}))
    assert [output.get("text") for output in node.cells[0].outputs] == ["ab\n", None]
    assert node.cells[0].outputs[1].data["text/html"] == '<table id="T_00000"><td id="T_00000_row0">'
    assert "papermill" not in node.metadata
