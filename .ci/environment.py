"""Make the project's environment in .venv: the exact packages of requirements.lock and the project itself, editable.

In: a Python 3.11+ with pip. Out: .venv/, and .venv/.stamp, which names the lock it is from: with an unchanged lock a
second call returns at once. uv does the work (in .boot/, installed by pip): it is some ten times faster than pip and
never mixes versions. pip's own settings (index, extra index, find-links, certificate, proxy) are handed on to uv, which
does not read them. In a git clone it also installs the filter that .gitattributes names for notebooks. Standard library
only: it runs before anything is installed.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

UV = "0.13.9"
"""Pinned: what makes the environment is part of the environment."""

ROOT = Path(__file__).resolve().parent.parent
STAMP = ROOT / ".venv" / ".stamp"

_VARYING = ("codemirror_mode", "file_extension", "mimetype", "nbconvert_exporter", "pygments_lexer", "version")
FILTER = (
    "if [ -x .venv/bin/python ]; then .venv/bin/python -m nbstripout --keep-id --extra-keys '"
    + "cell.metadata.jupyter metadata.toc-autonumbering "
    + " ".join(f"metadata.language_info.{key}" for key in _VARYING)
    + "'; else cat; fi"
)
"""What git stores of a saved notebook: no outputs, counts, versions and what is folded. It starts in the top folder."""


def main():
    if sys.version_info < (3, 11):
        sys.exit(
            f"PoSRank needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. "
            "Name another one: make PYTHON=python3.11 ..."
        )
    install_filter()
    wanted = stamp()
    if STAMP.exists() and STAMP.read_text() == wanted and (ROOT / ".venv" / "bin" / "python").exists():
        return
    start = time.monotonic()
    environment = {**os.environ, **uv_settings(pip_settings(), os.environ)}
    uv = boot(environment)
    python = interpreter()
    print(f"environment: {python} -> .venv (some GB to download on the first time)", flush=True)
    if not (ROOT / ".venv" / "bin" / "python").exists():
        # uv must be told the interpreter, or it may try to download one
        call([uv, "venv", "--quiet", "--allow-existing", "--python", python, ".venv"], environment)
    STAMP.unlink(missing_ok=True)
    environment["VIRTUAL_ENV"] = str(ROOT / ".venv")
    call([uv, "pip", "sync", "--quiet", "--compile-bytecode", "requirements.lock"], environment)
    call([uv, "pip", "install", "--quiet", "--no-deps", "--editable", "."], environment)
    STAMP.write_text(wanted)
    print(f"environment: ready after {time.monotonic() - start:.0f} s", flush=True)


def install_filter():
    """Tell this clone's git how to store notebooks; nothing where there is no clone or no git."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        return
    for key, value in (("filter.strip-notebooks.clean", FILTER), ("filter.strip-notebooks.smudge", "cat")):
        command = ["git", "config", "--local", "--get", key]
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
        if told.rstrip("\n") != value:
            subprocess.run(["git", "config", "--local", key, value], cwd=ROOT, capture_output=True)


def stamp():
    """What the environment is made from, as text: it is remade when this changes."""
    digest = hashlib.sha256()
    for name in ("requirements.lock", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return f"uv {UV}\nsha256 {digest.hexdigest()}\nat {ROOT}\n"


def boot(environment):
    """Install the pinned uv into .boot and return its path."""
    uv = ROOT / ".boot" / "bin" / "uv"
    if not (ROOT / ".boot" / f"uv-{UV}.dist-info").exists() or not uv.exists():
        shutil.rmtree(ROOT / ".boot", ignore_errors=True)
        call([*pip(), "install", "--quiet", "--target", ".boot", f"uv=={UV}"], environment)
    return str(uv)


def pip():
    """A working ``python -m pip``: this interpreter's, or, as environments may lack pip, that of its base."""
    for python in (sys.executable, getattr(sys, "_base_executable", sys.executable)):
        if subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0:
            return [python, "-m", "pip", "--disable-pip-version-check"]
    sys.exit(
        f"{sys.executable} has no pip. Install it (Debian: apt install python3-pip), or name a Python that has one: "
        "make PYTHON=..."
    )


def interpreter():
    """Full path of the interpreter to build on: never a virtual environment that may vanish."""
    return getattr(sys, "_base_executable", None) or sys.executable


def pip_settings():
    """pip's settings as {"index-url": ..., ...}; later sources (environment, command) win as in pip itself."""
    listing = subprocess.run([*pip(), "config", "list"], capture_output=True, text=True).stdout
    found = {}
    for section in ("global", "install", ":env:"):
        for line in listing.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(section + "."):
                found[name.removeprefix(section + ".")] = value.strip().strip("'\"").replace("\\n", " ")
    return found


def uv_settings(settings, environment):
    """uv's variables for pip's settings; what the user has set for uv already stays.

    >>> uv_settings({"index-url": "https://mirror.example/simple"}, {})
    {'UV_DEFAULT_INDEX': 'https://mirror.example/simple', 'UV_PYTHON_DOWNLOADS': 'never'}
    """
    pairs = (
        ("index-url", "UV_DEFAULT_INDEX", " "),
        ("extra-index-url", "UV_INDEX", " "),
        ("find-links", "UV_FIND_LINKS", ","),
        ("trusted-host", "UV_INSECURE_HOST", " "),
        ("cert", "SSL_CERT_FILE", " "),
        ("proxy", "HTTPS_PROXY", " "),
    )
    older = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_INDEX": "UV_EXTRA_INDEX_URL"}
    made = {
        variable: separator.join(settings[name].split())
        for name, variable, separator in pairs
        if settings.get(name) and variable not in environment and older.get(variable, variable) not in environment
    }
    if "UV_INDEX" in made:
        # pip takes the best version of all indexes together; uv's default would stop at the first that has the name
        made.setdefault("UV_INDEX_STRATEGY", environment.get("UV_INDEX_STRATEGY", "unsafe-best-match"))
    if "no-index" in settings and settings["no-index"].lower() in ("1", "true", "yes"):
        made["UV_NO_INDEX"] = "1"
    made["UV_PYTHON_DOWNLOADS"] = "never"
    return made


def call(command, environment):
    """Run one command in the project's root; on failure say which, and stop."""
    done = subprocess.run(command, cwd=ROOT, env=environment)
    if done.returncode:
        print(json.dumps(command), file=sys.stderr)
        sys.exit(
            "The environment could not be made: see the message above (no network, a full disk, an index without these "
            "versions?)."
        )


if __name__ == "__main__":
    main()
