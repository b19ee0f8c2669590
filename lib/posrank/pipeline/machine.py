"""What a run was made on, in words that may be published: processor, cores, versions; no host names, users or paths."""

import importlib.metadata
import os
import platform
import sys
from pathlib import Path

_PACKAGES = ("torch", "open_clip_torch", "numpy", "pandas", "spacy", "dvc")


def describe():
    """Dict for ENVIRONMENT.json: processor, cores, memory_gib, accelerator, system, python and package versions."""
    import torch

    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": memory(),
        "accelerator": gpus or None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": ".".join(map(str, sys.version_info[:3])),
        "versions": {name: importlib.metadata.version(name) for name in _PACKAGES},
    }


def processor():
    """Model of the processor as the system names it."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory():
    """Main memory in GiB, rounded; None where the system does not say."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (AttributeError, ValueError, OSError):
        return None
