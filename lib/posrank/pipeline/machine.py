"""What a run was made on, in words that may be published: processor, cores, versions; no host names, users or paths."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

_PACKAGES = ("torch", "open_clip_torch", "numpy", "pandas", "spacy", "dvc")


def describe():
    """Dict for ENVIRONMENT.json: processor, cores, memory_gib, accelerator, system, python and package versions."""
    import torch

    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {"processor": processor(), "cores": cores(), "memory_gib": memory(), "accelerator": gpus or None,
            "system": f"{platform.system()} {platform.machine()}",
            "python": ".".join(map(str, sys.version_info[:3])),
            "versions": {name: importlib.metadata.version(name) for name in _PACKAGES}}


def checkout(folder):
    """(commit, its date) of the git checkout that `folder` lies in, as in ("1a2b3c4", "2026-01-31"); a commit with
    changed files ends in "+". (None, None) where there is no git or no commit."""
    try:
        last = git(folder, "log", "-1", "--abbrev=7", "--date=short", "--format=%h %cd")
        changed = git(folder, "status", "--porcelain", "--untracked-files=no", "--", "lib", "notebooks", "params.yaml",
                      "dvc.yaml")
    except (OSError, subprocess.CalledProcessError):
        return None, None
    commit, date = last.split()
    return commit + ("+" if changed else ""), date


def git(folder, *words):
    """What a git command says in `folder`, whatever repository the caller's variables name. CalledProcessError where it
    fails, OSError without git."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True, env=variables)
    return done.stdout


def processor():
    """Model of the processor as the system names it."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cores():
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory():
    """Main memory in GiB, rounded; None where the system does not say."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (AttributeError, ValueError, OSError):
        return None
