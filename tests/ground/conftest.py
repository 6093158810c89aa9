"""Folders that a server may live in."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Like `tmp_path`. pytest closes the folders above that to other users whenever it starts anywhere on the machine,
    and PostgreSQL is another user where the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="plsm-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
