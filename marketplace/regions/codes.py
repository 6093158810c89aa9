"""The twelve digits of a division: 2 province, 2 prefecture, 2 county, 3 township, 3 village.

Ancestors and descendants are arithmetic on the code, so a subtree is one range of the primary key.
"""

from __future__ import annotations

NATION = 0
MIN_CODE = 110_000_000_000
MAX_CODE = 999_999_999_999

#: size of the code range that a division of this level spans
SPAN = {0: 10**12, 1: 10**10, 2: 10**8, 3: 10**6, 4: 10**3, 5: 1}


def level_of(code: int) -> int:
    """Level 0 (nation) to 5 (village) of a code, by its trailing zeros."""
    if code == NATION:
        return 0
    return next(level for level in range(1, 6) if code % SPAN[level] == 0)


def ancestor_at(code: int, level: int) -> int:
    """The code of the division of `level` in which `code` lies (itself if it is of that level)."""
    return code - code % SPAN[level]


def ancestor_codes(code: int) -> list[int]:
    """Codes above `code`, province first; empty for a province.

    A city without counties (东莞, 中山, 儋州, 嘉峪关) stands for its county too: its code comes once.
    """
    return list(dict.fromkeys(ancestor_at(code, level) for level in range(1, level_of(code))))


def parent_code(code: int) -> int | None:
    """The code of the division directly above; None for a province."""
    level = level_of(code)
    return ancestor_at(code, level - 1) if level > 1 else None


def code_range(code: int) -> tuple[int, int]:
    """Half-open range `[code, end)` that holds the division and everything in it."""
    return code, code + SPAN[level_of(code)]
