"""Versions of the drivers of accelerators, by the API that MAX programs them with."""

from __future__ import annotations

import ctypes
import platform
import re
from contextlib import suppress
from pathlib import Path

_NVIDIA = Path("/proc/driver/nvidia/version")
_AMD = Path("/sys/module/amdgpu/version")

_MOST_CHARACTERS = 80


def driver_version(api: str, nvidia: Path = _NVIDIA, amd: Path = _AMD) -> str:
    """Returns the version of the driver of all accelerators of an API; empty if it is not known.

    Args:
        api: ``cuda``, ``hip`` or ``metal``.
        nvidia: What NVIDIA's kernel module says of itself.
        amd: What AMD's kernel module says of itself, where it did not come with Linux.
    """
    if api == "cuda":
        return _of_nvidia(nvidia) or _of_nvml()
    if api == "hip":
        with suppress(OSError):
            return amd.read_text("utf-8").strip()
        # It comes with Linux.
        return f"{platform.system()} {platform.release()}"
    if api == "metal":
        return f"macOS {platform.mac_ver()[0]}"
    return ""


def _of_nvidia(file: Path) -> str:
    """Returns the version in ``NVRM version: NVIDIA UNIX ... Kernel Module  580.82.07  ...``."""
    with suppress(OSError):
        first = file.read_text("utf-8", errors="replace").partition("\n")[0]
        if found := re.search(r"\d+\.\d+(?:\.\d+)*", first):
            return found[0]
    return ""


def _of_nvml() -> str:
    """Asks NVIDIA's management library, which is also there where the kernel module is not."""
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL("libnvidia-ml.so.1")
        version = ctypes.create_string_buffer(_MOST_CHARACTERS)
        failed = library.nvmlInit_v2() or library.nvmlSystemGetDriverVersion(
            version, _MOST_CHARACTERS
        )
        return "" if failed else version.value.decode(errors="replace")
    return ""
