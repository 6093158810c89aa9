"""How this room compiles: one decorator, and one place that decides where compiled code is kept.

Importing this module imports numba (about half a second), so it is imported where something is computed, never where a web
process starts.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba


def _digest() -> str:
    """Of this room's sources. Numba looks only at the file of a function, not at those of the functions it calls."""
    room = Path(__file__).resolve().parent
    sources = b"".join(path.read_bytes() for path in sorted(room.rglob("*.py")))
    return hashlib.sha256(sources).hexdigest()[:16]


def _folder() -> str | None:
    """The first folder that can be written: the project's ``var``, the user's cache; none on a read-only machine."""
    here = Path(__file__).resolve().parents[2]
    wanted = [here / "var" / "compiled"] if (here / "manage.py").exists() else []
    with contextlib.suppress(RuntimeError):  # a user without a home
        wanted.append(Path.home() / ".cache" / "legal-services-marketplace" / "compiled")
    for folder in (each / _digest() for each in wanted):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return str(folder)
        except OSError:
            continue
    return None


# Numba reads NUMBA_CACHE_DIR itself; whoever sets it has decided.
_config: Any = numba.config
if not _config.CACHE_DIR:
    _config.CACHE_DIR = _folder() or ""
CACHED = bool(_config.CACHE_DIR)


def compiled(function: Callable[..., Any]) -> Any:
    """Compile when first called, keep the machine code on disk, and let other threads run meanwhile.

    Division by zero and indices out of range are not checked, as in C.
    """
    return numba.njit(cache=CACHED, nogil=True, error_model="numpy")(function)
