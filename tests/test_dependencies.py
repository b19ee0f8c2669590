"""dvc.yaml against the code: every module that a stage imports, directly or not, lies under one of the stage's dependencies."""

import ast
import importlib
from functools import cache
from pathlib import Path

import nbformat
import pytest
from ruamel.yaml import YAML

from posrank.pipeline import stages

ROOT = Path(__file__).resolve().parent.parent
LIB = ROOT / "lib"
STAGE = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text())["stages"]

# what reads parameters, finds files and runs stages changes no result
PLUMBING = ("params", "params_schema", "paths", "files", "messages", "yamlfile", "workspace", "pipeline")
# what draws in the notebook of a training run: its pictures are no result, and a run costs too much to be made anew for one
DRAWS = {"train": ("figures",)}


@cache
def file_of(module):
    path = LIB.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@cache
def is_lazy(module):
    """A package that imports its modules when they are first used."""
    return any(isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in parse(module).body)


@cache
def parse(module):
    return ast.parse(file_of(module).read_text())


def resolved(module, name):
    """The module that ``from module import name`` loads."""
    if name and file_of(f"{module}.{name}"):
        return f"{module}.{name}"
    if name and is_lazy(module):
        found = getattr(importlib.import_module(module), name)
        return getattr(found, "__module__", module)
    return module


def imported(nodes):
    """Modules of posrank that these statements import, wherever in them, and those of attributes of lazy packages."""
    found, packages = set(), {}
    everything = [node for top in nodes for node in ast.walk(top)]
    for node in everything:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "posrank"}
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "posrank":
            for alias in node.names:
                module = resolved(node.module, alias.name)
                found.add(module)
                packages[alias.asname or alias.name] = module
    for node in everything:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in packages:
            module = packages[node.value.id]
            if module.count(".") == 1 and is_lazy(module):
                found.add(resolved(module, node.attr))
    return found


@cache
def imports_of(module):
    """What a module imports when it is loaded and used; of a lazy package only what loading it imports."""
    body = parse(module).body
    if is_lazy(module):
        body = [node for node in body if not isinstance(node, ast.FunctionDef)]
    return imported(body) | ({module.rpartition(".")[0]} if module.count(".") > 1 else set())


def closure(modules, but):
    seen, todo = set(), set(modules)
    while todo:
        module = todo.pop()
        if module in seen or module == "posrank" or module.split(".")[1] in but or not file_of(module):
            continue
        seen.add(module)
        todo |= imports_of(module)
    return {module for module in seen if not is_lazy(module)}


def modules_of(stage):
    """What the command of a stage imports: its function in posrank.pipeline.stages, or the code of its notebook."""
    words = stage["cmd"].split()
    if words[3] == "stage":
        tree = parse(stages.__name__)
        functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        body = [functions[words[4]], *(node for node in tree.body if isinstance(node, ast.ImportFrom))]
        return imported(body)
    cells = nbformat.read(ROOT / words[4], as_version=4).cells
    return imported([ast.parse("\n".join(cell.source for cell in cells if cell.cell_type == "code"))])


@pytest.mark.parametrize("name", [name for name in STAGE if name not in ("source", "plan")])
def test_a_stage_names_the_code_that_it_imports(name):
    code = [ROOT / dep for dep in STAGE[name]["deps"] if dep.startswith("lib/")]
    assert code
    found = closure(modules_of(STAGE[name]), (*PLUMBING, *DRAWS.get(name, ())))
    missing = sorted(module for module in found if not any(file_of(module).is_relative_to(path) for path in code))
    assert not missing, f"stage {name} imports {', '.join(missing)}: add them to its deps in dvc.yaml"


def test_the_closure_sees_what_is_imported_late():
    """Guards against an empty closure: modules that are reached through lazy packages and inside of functions."""
    found = closure(modules_of(STAGE["evaluate"]), PLUMBING)
    assert {"posrank.training.runs", "posrank.scoring.ranks", "posrank.systems.xclip"} <= found
