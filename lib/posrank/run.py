"""Executes a notebook for DVC: ``python -m posrank.run notebooks/3_train.ipynb --out results/x.ipynb -p system xclip``.

Comes in: a notebook and values for its `parameters` cell. Goes out: the executed notebook (and HTML, where asked for),
whose bytes depend on its results alone: no times, no random ids. It runs in the project's root on the environment's own
kernel. On a failing cell the last thing printed is the cell's error, the executed part is kept as ``*.failed.ipynb``,
and nothing stands under the name asked for. ``--source`` writes canonical copies of notebooks (`posrank.canonical`).
"""

import argparse
import ast
import difflib
import os
import re
import sys
import tempfile
import textwrap
from pathlib import Path

from posrank.canonical import canonical, scrub, write_notebook
from posrank.paths import atomic, root
from posrank.yamlfile import value_of

TOLD = ("ValueError", "VideoError", "OSError", "FileNotFoundError", "NotADirectoryError", "PermissionError")
"""Errors whose message says what to do; others are shown with their traceback."""

# progress bars go to the terminal, not into the notebook: there they would differ from run to run
_PROGRESS = (
    "(lambda auto, base, out: setattr(auto, 'tqdm', type('tqdm', (base,), {'__init__': lambda self, *a, **k: "
    "base.__init__(self, *a, **{'file': out, 'mininterval': 1, **k})})))"
    "(__import__('tqdm.auto').auto, __import__('tqdm.std').std.tqdm, __import__('sys').__stderr__)"
)


class CellError(Exception):
    """A cell failed; the message says which and why."""


def main(argv=None):
    """Command line; returns the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.source:
            for path in arguments.notebook:
                write_notebook(canonical(_read(path)), Path(arguments.out) / Path(path).name)
            return 0
        if len(arguments.notebook) != 1:
            raise ValueError("one notebook at a time can be executed; several are taken with --source alone")
        values = {name: value_of(text) for name, text in arguments.parameters}
        execute(arguments.notebook[0], arguments.out, values, html=arguments.html)
        return 0
    except (CellError, ValueError, OSError) as problem:
        print(f"\nERROR: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130


def _parser():
    made = argparse.ArgumentParser(prog="python -m posrank.run", description=__doc__.splitlines()[0])
    made.add_argument("notebook", nargs="+")
    made.add_argument("--out", required=True, help="the executed notebook; with --source: a folder")
    made.add_argument("-p", dest="parameters", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"))
    made.add_argument("--html", help="write the executed notebook as one HTML file, too: words and results, the code folded")
    made.add_argument("--source", action="store_true", help="write canonical copies of notebooks into the folder --out")
    return made


def _read(path):
    import nbformat

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: name a notebook")
    try:
        return nbformat.read(path, as_version=4)
    except Exception as problem:
        reason = type(problem).__name__
        raise ValueError(f"{path} is no readable notebook ({reason}): restore it from the repository") from None


def execute(notebook, out, parameters=None, html=None):
    """Run `notebook` (path) from top to end and write it to `out`.

    `parameters` replace those of the cell tagged `parameters`; a name that is not assigned there is a ValueError that
    names the nearest. A failing cell raises CellError.
    """
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    notebook, out = Path(notebook), Path(out)
    node = canonical(_read(notebook))
    _check_parameters(node, parameters or {}, notebook)
    failed = out.with_suffix(".failed.ipynb")
    failed.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        # papermill saves after each cell: here, so that nothing half-done stands among the results
        work = Path(folder) / notebook.name
        write_notebook(node, work)
        try:
            _papermill(work, parameters or {})
        except PapermillExecutionError as problem:
            write_notebook(scrub(_read(work)), failed)
            raise CellError(_explained(notebook, problem, failed)) from None
        except DeadKernelError:
            raise CellError(
                f"{notebook}: its kernel died. Most often memory ran out: close other programs, or make train.batch or "
                "the world smaller in params.yaml"
            ) from None
        done = scrub(_read(work))
    if html:
        from posrank.figures.html import page

        with atomic(Path(html)) as temporary:
            temporary.write_text(page(done, notebook.stem), encoding="utf-8")
    write_notebook(done, out)


def _papermill(work, parameters):
    """Execute the file `work` in place."""
    import papermill
    from traitlets.config import Config

    config = Config()
    if os.name == "posix":
        # no open ports, and no warning about them
        config.KernelManager.transport = "ipc"
    papermill.execute_notebook(
        work, work, parameters=parameters, cwd=root(), kernel_name="python3", progress_bar=False, log_output=False,
        stdout_file=sys.stdout, stderr_file=sys.stderr, config=config,
        extra_arguments=["--IPKernelApp.capture_fd_output=False", f"--IPKernelApp.exec_lines={_PROGRESS}"],
    )


def _check_parameters(node, parameters, notebook):
    """ValueError for parameters that the notebook's `parameters` cell does not assign."""
    cell = next((cell for cell in node.cells if "parameters" in cell.metadata.get("tags", [])), None)
    if cell is None:
        if parameters:
            raise ValueError(f"{notebook} has no cell tagged 'parameters', so {next(iter(parameters))!r} cannot be set")
        return
    names = [
        target.id
        for statement in ast.parse(cell.source).body
        for target in (statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)])
        if isinstance(target, ast.Name)
    ]
    for name in parameters:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"{notebook} has no parameter {name!r}{hint}")


def _explained(notebook, problem, failed):
    """The cell's error as text: one line where the error explains itself, its traceback as well where it does not."""
    where = f"{notebook}, cell {problem.cell_index}"
    lines = [f"{where}: {problem.evalue.strip() or problem.ename}"]
    if problem.ename not in TOLD:
        lines = [_plain_traceback(problem.traceback), f"{where}: {problem.ename}: {problem.evalue}".rstrip(": ")]
    return "\n".join([f"executed up to the failing cell: {failed}", *lines])


def _plain_traceback(traceback):
    text = "\n".join(traceback)
    return textwrap.indent(re.sub(r"\x1b\[[0-9;]*m", "", text), "    ")


if __name__ == "__main__":
    sys.exit(main())
