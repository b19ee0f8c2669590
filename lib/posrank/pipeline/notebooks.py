"""Notebooks for DVC: ``python -m posrank notebook notebooks/3_train.ipynb --out results/x.ipynb -p system xclip``.

Comes in: a notebook and values for its `parameters` cell. Goes out: the executed notebook (and HTML, where asked for),
whose bytes depend on its results alone: no times, no random ids. It runs in the project's root on a kernel of this
Python. On a failing cell the last thing printed is the cell's error, the executed part is kept as ``*.failed.ipynb``,
and nothing stands under the name asked for.

``python -m posrank source notebooks/*.ipynb --out results/source`` writes what stages depend on: each notebook's code
without its `parameters` cell as <name>.py, its Markdown as <name>.md.
"""

import argparse
import ast
import importlib.util
import os
import re
import sys
import tempfile
import textwrap
from pathlib import Path

from posrank.files import root, write_text
from posrank.messages import command, did_you_mean
from posrank.pipeline.scrub import KERNEL, scrub
from posrank.pipeline.yamlfile import value_of

TOLD = ("ValueError", "VideoError", "OSError", "FileNotFoundError", "NotADirectoryError", "PermissionError")
"""Errors whose message says what to do; others are shown with their traceback."""

# progress bars go to the terminal, not into the notebook: there they would differ from run to run
_PROGRESS = ("(lambda auto, base, out: setattr(auto, 'tqdm', type('tqdm', (base,), {'__init__': lambda self, *a, **k: "
             "base.__init__(self, *a, **{'file': out, 'mininterval': 1, **k})})))"
             "(__import__('tqdm.auto').auto, __import__('tqdm.std').std.tqdm, __import__('sys').__stderr__)")

# ipykernel closes its streams while its control thread may still flush them, which shows an error: wait for it first
_ORDERLY = (
    "(lambda app: __import__('atexit').register(lambda: "
    "(app.control_thread.stop(), app.control_thread.join(10))) and None)"
    "(__import__('ipykernel.kernelapp').kernelapp.IPKernelApp.instance())"
)


class CellError(ValueError):
    """A cell failed; the message says which and why."""


@command
def main(argv=None):
    """Command line."""
    made = argparse.ArgumentParser(prog="python -m posrank", description=__doc__.splitlines()[0])
    commands = made.add_subparsers(dest="command", required=True)
    one = commands.add_parser("notebook", help="execute a notebook")
    one.add_argument("notebook")
    one.add_argument("--out", required=True, help="the executed notebook")
    one.add_argument("-p", dest="parameters", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"))
    one.add_argument("--html", help="write it as one HTML file, too: words and results, the code folded")
    several = commands.add_parser("source", help="write the code and the Markdown of notebooks as files of their own")
    several.add_argument("notebooks", nargs="+")
    several.add_argument("--out", required=True, help="a folder")
    arguments = made.parse_args(argv)
    if arguments.command == "source":
        for path in arguments.notebooks:
            write_source(path, arguments.out)
    else:
        values = {name: value_of(text) for name, text in arguments.parameters}
        execute(arguments.notebook, arguments.out, values, html=arguments.html)


def write_source(path, folder):
    """<folder>/<name>.py: the code cells without the `parameters` cell; <folder>/<name>.md: the Markdown cells."""
    cells = _read(path).cells
    code = [cell.source.rstrip() for cell in cells if cell.cell_type == "code" and not _is_parameters(cell)]
    words = [cell.source.rstrip() for cell in cells if cell.cell_type == "markdown"]
    for suffix, texts, between in ((".py", code, "\n\n# %%\n"), (".md", words, "\n\n")):
        write_text(Path(folder) / f"{Path(path).stem}{suffix}", between.join(filter(None, texts)) + "\n")


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
    node = _read(notebook)
    _check_parameters(node, parameters or {}, notebook)
    if importlib.util.find_spec("ipykernel") is None:
        raise ValueError(f"{sys.executable} has no package ipykernel, which runs notebooks: use .venv/bin/python")
    node.metadata = type(node.metadata)(**KERNEL)
    failed = out.with_suffix(".failed.ipynb")
    failed.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        # papermill saves after each cell: here, so that nothing half-done stands among the results
        work = Path(folder) / notebook.name
        _write(node, work)
        try:
            _papermill(work, parameters or {})
        except PapermillExecutionError as problem:
            _write(scrub(_read(work)), failed)
            raise CellError(_explained(notebook, problem, failed)) from None
        except DeadKernelError:
            raise CellError(
                f"{notebook}: its kernel died. Most often memory ran out: close other programs, or make train.batch or "
                "the world smaller in params.yaml"
            ) from None
        done = scrub(_read(work))
    if html:
        from posrank.figures.html import page

        write_text(Path(html), page(done, notebook.stem))
    _write(done, out)


def _papermill(work, parameters):
    """Execute the file `work` in place."""
    import papermill
    from traitlets.config import Config

    config = Config()
    config.NotebookClient.kernel_manager_class = _kernel_manager()
    if os.name == "posix":
        # no open ports, and no warning about them
        config.KernelManager.transport = "ipc"
    started = [f"--IPKernelApp.exec_lines={line}" for line in (_PROGRESS, _ORDERLY)]
    papermill.execute_notebook(work, work, parameters=parameters, cwd=root(), kernel_name="python3", progress_bar=False,
                               log_output=False, stdout_file=sys.stdout, stderr_file=sys.stderr, config=config,
                               extra_arguments=["--IPKernelApp.capture_fd_output=False", *started])


def _kernel_manager():
    """The manager of a kernel of this very Python, whatever kernels are installed and whatever PATH says."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    class Kernel(AsyncKernelManager):
        @property
        def kernel_spec(self):
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=argv, **{key: KERNEL["kernelspec"][key] for key in ("display_name", "language")})

        async def _async_interrupt_kernel(self):
            # a shutdown begins with an interrupt, which an idle kernel tells as an error: only what still runs needs it
            if not self.shutting_down or isinstance(sys.exception(), KeyboardInterrupt):
                await super()._async_interrupt_kernel()

    return Kernel


def _is_parameters(cell):
    return "parameters" in cell.metadata.get("tags", [])


def parameter_names(node):
    """The names that the notebook's `parameters` cell assigns, or None where it has no such cell."""
    cell = next(filter(_is_parameters, node.cells), None)
    if cell is None:
        return None
    found = (getattr(line, "targets", [getattr(line, "target", None)]) for line in ast.parse(cell.source).body)
    return [target.id for targets in found for target in targets if isinstance(target, ast.Name)]


def _check_parameters(node, parameters, notebook):
    """ValueError for parameters that the notebook's `parameters` cell does not assign."""
    names = parameter_names(node)
    if names is None and parameters:
        raise ValueError(f"{notebook} has no cell tagged 'parameters', so {next(iter(parameters))!r} cannot be set")
    for name in parameters:
        if name not in names:
            raise ValueError(f"{notebook} has no parameter {name!r}{did_you_mean(name, names, cutoff=0)}")


def _explained(notebook, problem, failed):
    """The cell's error as text: one line where the error explains itself, its traceback as well where it does not."""
    where = f"{notebook}, cell {problem.cell_index}"
    lines = [f"{where}: {problem.evalue.strip() or problem.ename}"]
    if problem.ename not in TOLD:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(problem.traceback))
        lines = [textwrap.indent(plain, "    "), f"{where}: {problem.ename}: {problem.evalue}".rstrip(": ")]
    return "\n".join([f"executed up to the failing cell: {failed}", *lines])


def _write(node, path):
    """Write with fixed indentation and key order, atomically."""
    import nbformat

    write_text(path, nbformat.writes(node, version=4) + "\n")


if __name__ == "__main__":
    sys.exit(main())
