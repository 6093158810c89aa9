"""Real divisions for tests: Leishan county, or its whole prefecture, from the file in the tree."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from marketplace.regions.divisions_file import Divisions, read_divisions
from marketplace.regions.importing import import_divisions
from marketplace.regions.models import Region

GUIZHOU = 520000000000
QIANDONGNAN = 522600000000
LEISHAN = 522634000000
KAILI = 522601000000
XIJIANG = 522634101000


@lru_cache(maxsize=1)
def _all() -> Divisions:
    return read_divisions()


def divisions() -> Divisions:
    """The whole file, read once a test run."""
    return _all()


def load_leishan(*, prefecture: bool = False) -> Region:
    """Load Leishan county (9 townships, 166 villages) with what is above it, or its prefecture; returns the county.

    `prefecture=True` loads 16 counties and 2,438 villages, for tests that need neighbours.
    """
    under = QIANDONGNAN if prefecture else LEISHAN
    import_divisions(divisions=_all(), under=under, now=datetime(2026, 1, 1, tzinfo=UTC))
    return Region.objects.get(code=LEISHAN)


def village(index: int = 0) -> Region:
    """The `index`-th village or community of Leishan, in code order (0 to 165)."""
    return Region.objects.under(LEISHAN, level=5).order_by("code")[index]
