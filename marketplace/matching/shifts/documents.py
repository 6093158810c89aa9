"""A problem of shifts in JSON's terms, and the digest that names it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from marketplace.matching.problem import ProblemError

from .problem import Offers, ShiftParameters, ShiftProblem, Shifts, Volunteers

#: of the canonical form; raised when its meaning changes
FORMAT = 1


def document(problem: ShiftProblem) -> dict[str, Any]:
    """The problem in JSON's terms; ``from_document`` makes the same problem of it."""
    return {
        "format": FORMAT,
        "shifts": problem.shifts.columns(),
        "volunteers": problem.volunteers.columns(),
        "offers": problem.offers.columns(),
        "parameters": asdict(problem.parameters),
    }


def digest(problem: ShiftProblem) -> str:
    """SHA-256 of the canonical form (JSON in ASCII, keys sorted, no space, floats in their shortest form), lower-case hex."""
    text = json.dumps(document(problem), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def sown(problem: ShiftProblem) -> ShiftProblem:
    """The problem with a seed of its own content (48 bits of the digest without one), so that nobody chooses it."""
    bare = replace(problem, parameters=replace(problem.parameters, seed=0))
    return replace(bare, parameters=replace(bare.parameters, seed=int(digest(bare)[:12], 16)))


def from_document(given: Mapping[str, Any]) -> ShiftProblem:
    """The problem that ``document`` described.

    Raises:
        ProblemError: another format, missing or unknown columns, or values that no problem has.
    """
    if given.get("format") != FORMAT:
        raise ProblemError("format", f"format {given.get('format')!r} is not {FORMAT}")
    try:
        return ShiftProblem(
            shifts=Shifts(**given["shifts"]),
            volunteers=Volunteers(**given["volunteers"]),
            offers=Offers(**given["offers"]),
            parameters=ShiftParameters(**given["parameters"]),
        )
    except (KeyError, TypeError) as error:
        raise ProblemError("format", f"the document has not the parts of a problem: {error}") from error
