"""What is to be matched: posts, people, and what counts how much.

Places are degrees (WGS 84), travel is minutes one way, costs are whole numbers. A problem is immutable, checked when it
is made, and has one canonical form whose digest names it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

A = TypeVar("A", Ints, Floats)

#: of the canonical form; raised when its meaning changes
FORMAT = 1
#: masks have one bit a specialty or language; the sign bit stays free
MASK_BITS = 62


class ProblemError(ValueError):
    """The problem cannot be solved as it was put.

    ``code`` names the fault (``nan``, ``duplicate``, ``negative``, ``shape``, ``range``, ``overflow``, ``format``), ``where``
    the field and its first offending rows.
    """

    def __init__(self, code: str, message: str, where: Sequence[int] = ()) -> None:
        self.code = code
        self.where = tuple(where)
        rows = f" (rows {', '.join(map(str, self.where))})" if self.where else ""
        super().__init__(f"{message}{rows}")


def _rows(mask: NDArray[np.bool_]) -> list[int]:
    return [int(row) for row in np.flatnonzero(mask)[:5]]


def _refuse(mask: NDArray[np.bool_], code: str, message: str) -> None:
    if mask.any():
        raise ProblemError(code, message, _rows(mask))


def _whole(name: str, values: ArrayLike) -> Ints:
    raw = np.asarray(values)
    if raw.dtype.kind == "f":
        _refuse(~np.isfinite(raw), "nan", f"{name} must be finite")
        _refuse((raw != np.floor(raw)) | (np.abs(raw) > 2**53), "range", f"{name} must be whole numbers")
    elif raw.dtype.kind == "u":
        _refuse(raw > np.iinfo(np.int64).max, "overflow", f"{name} does not fit 64 bits")
    elif raw.dtype.kind not in "ib" and raw.size:
        raise ProblemError("range", f"{name} must be whole numbers")
    return _shut(name, raw.astype(np.int64))


def _real(name: str, values: ArrayLike, low: float, high: float) -> Floats:
    array = np.array(values, dtype=np.float64)
    _refuse(~np.isfinite(array), "nan", f"{name} must be finite")
    _refuse((array < low) | (array > high), "range", f"{name} must lie between {low:g} and {high:g}")
    return _shut(name, array)


def _shut(name: str, array: A) -> A:
    if array.ndim != 1:
        raise ProblemError("shape", f"{name} must have one dimension")
    array.setflags(write=False)
    return array


class _Table:
    """Columns of one length, converted, checked and closed to writing."""

    _REAL: Mapping[str, tuple[float, float]] = {}
    #: at most; whole columns are never negative
    _WHOLE: Mapping[str, int] = {}
    _MASKS: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for column in fields(self):  # type: ignore[arg-type]
            name, values = column.name, getattr(self, column.name)
            if name in self._REAL:
                array: Any = _real(name, values, *self._REAL[name])
            else:
                array = _whole(name, values)
                _refuse(array < 0, "negative", f"{name} must not be negative")
                most = (1 << MASK_BITS) - 1 if name in self._MASKS else self._WHOLE.get(name)
                if most is not None:
                    _refuse(array > most, "overflow", f"{name} must be at most {most}")
            object.__setattr__(self, name, array)
        if len({len(getattr(self, column.name)) for column in fields(self)}) > 1:  # type: ignore[arg-type]
            raise ProblemError("shape", f"{type(self).__name__}: the columns differ in length")

    def columns(self) -> dict[str, list[Any]]:
        return {column.name: getattr(self, column.name).tolist() for column in fields(self)}  # type: ignore[arg-type]


def _refuse_repeated(name: str, key: Ints) -> None:
    _, first = np.unique(key, return_index=True)
    repeated = np.ones(len(key), dtype=bool)
    repeated[first] = False
    _refuse(repeated, "duplicate", f"{name} must not repeat")


@dataclass(frozen=True, slots=True, eq=False)
class Posts(_Table):
    """One row a post to fill.

    ``key`` is its owner's number for it, unique. ``kmh`` is the speed on the roads to it. ``tier`` grows with need: of two
    posts of which only one can be filled, the one of the higher tier is, and in one tier the one of the higher ``priority``.
    ``required`` and ``wanted`` are masks of specialties: without the first a person does not qualify, each of the second that
    is missing costs. ``languages``: whoever speaks one of them is understood; none set means that anybody is.
    """

    key: Ints
    longitude: Floats
    latitude: Floats
    kmh: Ints
    tier: Ints
    priority: Ints
    required: Ints
    wanted: Ints
    languages: Ints

    _REAL = {"longitude": (-180.0, 180.0), "latitude": (-90.0, 90.0)}
    _WHOLE = {"kmh": 1000, "tier": 1000, "priority": 1000}
    _MASKS = ("required", "wanted", "languages")

    def __post_init__(self) -> None:
        _Table.__post_init__(self)
        _refuse_repeated("key of posts", self.key)
        _refuse(self.kmh == 0, "range", "kmh must be positive")

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True, slots=True, eq=False)
class People(_Table):
    """One row a person who may be asked.

    ``capacity`` is how many posts the person serves at most, ``load`` how many are held already; ``max_minutes`` the longest way
    the person travels.
    """

    key: Ints
    longitude: Floats
    latitude: Floats
    capacity: Ints
    load: Ints
    specialties: Ints
    languages: Ints
    max_minutes: Ints

    _REAL = {"longitude": (-180.0, 180.0), "latitude": (-90.0, 90.0)}
    _WHOLE = {"capacity": 1_000_000, "load": 1_000_000, "max_minutes": 100_000}
    _MASKS = ("specialties", "languages")

    def __post_init__(self) -> None:
        _Table.__post_init__(self)
        _refuse_repeated("key of people", self.key)

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True, slots=True, eq=False)
class Exclusions(_Table):
    """Pairs that may not be: rows of posts and people, and the ``pairs.Bar`` that says why."""

    post: Ints
    person: Ints
    bar: Ints

    def __len__(self) -> int:
        return len(self.post)


def no_exclusions() -> Exclusions:
    empty = np.empty(0, dtype=np.int64)
    return Exclusions(empty, empty, empty)


#: so that no cost of a pair leaves 64 bits, wherever on the globe the two are
_AT_MOST = {"seed": 2**53, "cost_per_minute": 10**5, "detour_percent": 1000, "radius_minutes": 10**5}


@dataclass(frozen=True, slots=True)
class Parameters:
    """What counts how much. Minutes are estimated as ``access_minutes + detour_percent/100 · 60 · km / kmh``.

    A person who holds ``h`` posts of a capacity of ``c`` takes the next one at a cost of
    ``load_cost · h + load_share_cost · h // c``, so that load spreads.
    """

    radius_minutes: int = 60
    cost_per_minute: int = 100
    language_cost: int = 2000
    specialty_cost: int = 1000
    load_cost: int = 200
    load_share_cost: int = 1000
    access_minutes: int = 5
    detour_percent: int = 130
    seed: int = 0

    def __post_init__(self) -> None:
        for column in fields(self):
            value = getattr(self, column.name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise ProblemError("range", f"{column.name} must be a whole number")
            if value < 0:
                raise ProblemError("negative", f"{column.name} must not be negative")
            if value > _AT_MOST.get(column.name, 10**7):
                raise ProblemError("overflow", f"{column.name} is too large")


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Everything that decides the answer."""

    posts: Posts
    people: People
    parameters: Parameters = field(default_factory=Parameters)
    exclusions: Exclusions = field(default_factory=no_exclusions)

    def __post_init__(self) -> None:
        _refuse(self.exclusions.post >= len(self.posts), "range", "an exclusion names a post that is not there")
        _refuse(self.exclusions.person >= len(self.people), "range", "an exclusion names a person who is not there")

    def remaining(self) -> Ints:
        """Posts that each person can still take."""
        return np.asarray(np.maximum(self.people.capacity - self.people.load, 0))

    def document(self) -> dict[str, Any]:
        """The problem in JSON's terms; ``from_document`` makes the same problem of it."""
        return {
            "format": FORMAT,
            "posts": self.posts.columns(),
            "people": self.people.columns(),
            "exclusions": self.exclusions.columns(),
            "parameters": asdict(self.parameters),
        }

    def canonical_bytes(self) -> bytes:
        """One form for equal problems: JSON in ASCII, keys sorted, no space, floats in their shortest form."""
        return json.dumps(
            self.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
        ).encode("ascii")

    def digest(self) -> str:
        """SHA-256 of the canonical form, lower-case hex."""
        return hashlib.sha256(self.canonical_bytes()).hexdigest()


def from_document(document: Mapping[str, Any]) -> Problem:
    """The problem that ``Problem.document`` described.

    Raises:
        ProblemError: another format, missing or unknown columns, or values that no problem has.
    """
    if document.get("format") != FORMAT:
        raise ProblemError("format", f"format {document.get('format')!r} is not {FORMAT}")
    try:
        return Problem(
            posts=Posts(**document["posts"]),
            people=People(**document["people"]),
            parameters=Parameters(**document["parameters"]),
            exclusions=Exclusions(**document["exclusions"]),
        )
    except (KeyError, TypeError) as error:
        raise ProblemError("format", f"the document has not the parts of a problem: {error}") from error
