"""The frozen problem of teams: what the engine solves, which seats are dealt, and who keeps one. No tables here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from marketplace.matching.pairs import Bar
from marketplace.matching.problem import ProblemError
from marketplace.matching.teams.problem import (
    Contracts,
    Counsel,
    Quarrels,
    Refusals,
    Surcharges,
    TeamParameters,
    TeamProblem,
)

#: of the document; raised when its meaning changes
FORMAT = 1
#: what tells this document from that of villages
KIND = "teams"


@dataclass(frozen=True, slots=True)
class Kept:
    """Who keeps a seat: serves it, or may still answer for it."""

    post: int
    person: int
    specialties: int
    years: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """One contract's whole team: its empty ``seats`` (keys of posts) and who keeps the others; the specialties that it must
    cover (a mask) and the seniors it needs. What the ``kept`` bring is not asked of the new ones.
    """

    contract: int
    seats: tuple[int, ...]
    kept: tuple[Kept, ...]
    required: int
    seniors: int

    @property
    def size(self) -> int:
        return len(self.seats) + len(self.kept)

    def still_required(self) -> int:
        covered = 0
        for each in self.kept:
            covered |= each.specialties
        return self.required & ~covered

    def still_seniors(self, senior_years: int) -> int:
        return max(self.seniors - sum(each.years >= senior_years for each in self.kept), 0)


@dataclass(frozen=True, slots=True, eq=False)
class TeamDeal:
    """The problem that the engine solves, for what each contract still lacks, and the ``wanted`` in the order of its contracts.

    Raises:
        ProblemError: the two do not say the same.
    """

    problem: TeamProblem
    wanted: tuple[Wanted, ...]

    def __post_init__(self) -> None:
        contracts, years = self.problem.contracts, self.problem.parameters.senior_years
        rows = list(zip(contracts.key, contracts.size, contracts.required, contracts.seniors, strict=True))
        lacking = [(w.contract, len(w.seats), w.still_required(), w.still_seniors(years)) for w in self.wanted]
        if [tuple(map(int, row)) for row in rows] != lacking:
            raise ProblemError("range", "the contracts are not what their teams still lack")
        seats = [seat for w in self.wanted for seat in (*w.seats, *(kept.post for kept in w.kept))]
        if len(set(seats)) != len(seats):
            raise ProblemError("duplicate", "a seat stands twice")
        if any(len({kept.person for kept in w.kept}) != len(w.kept) for w in self.wanted):
            raise ProblemError("duplicate", "a person keeps two seats of one team")

    @property
    def posts(self) -> list[int]:
        """The seats that are dealt."""
        return [seat for w in self.wanted for seat in w.seats]

    @property
    def people(self) -> list[int]:
        return [int(key) for key in self.problem.counsel.key]

    def row_of(self, contract: int) -> int:
        return next(row for row, w in enumerate(self.wanted) if w.contract == contract)

    def people_for(self, contract: int) -> list[int]:
        """Who could sit in the team of ``contract``: everybody but those of other firms, which are not its business."""
        at, refusals = self.row_of(contract), self.problem.refusals
        others = set(refusals.person[(refusals.contract == at) & (refusals.bar & int(Bar.UNQUALIFIED) > 0)].tolist())
        return [key for row, key in enumerate(self.people) if row not in others]

    def document(self) -> dict[str, Any]:
        """In JSON's terms; ``from_document`` makes the same of it."""
        problem = self.problem
        return {
            "kind": KIND,
            "format": FORMAT,
            "contracts": problem.contracts.columns(),
            "counsel": problem.counsel.columns(),
            "refusals": problem.refusals.columns(),
            "surcharges": problem.surcharges.columns(),
            "quarrels": problem.quarrels.columns(),
            "parameters": asdict(problem.parameters),
            "wanted": [
                {
                    "contract": w.contract,
                    "seats": list(w.seats),
                    "kept": [asdict(kept) for kept in w.kept],
                    "required": w.required,
                    "seniors": w.seniors,
                }
                for w in self.wanted
            ],
        }

    def canonical_bytes(self) -> bytes:
        """One form for equal problems: JSON in ASCII, keys sorted, no space, floats in their shortest form."""
        return json.dumps(
            self.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
        ).encode("ascii")

    def digest(self) -> str:
        return hashlib.sha256(self.canonical_bytes()).hexdigest()

    def seed(self) -> int:
        """48 bits of the digest of the problem without a seed, so that nobody chooses it."""
        return int(self._sown(0).digest()[:12], 16)

    def sown(self) -> TeamDeal:
        return self._sown(self.seed())

    def _sown(self, seed: int) -> TeamDeal:
        return replace(self, problem=replace(self.problem, parameters=replace(self.problem.parameters, seed=seed)))


def is_team_document(document: Mapping[str, Any]) -> bool:
    return document.get("kind") == KIND


def from_document(document: Mapping[str, Any]) -> TeamDeal:
    """What ``TeamDeal.document`` described.

    Raises:
        ProblemError: another format, missing or unknown parts, or values that no problem has.
    """
    if not is_team_document(document) or document.get("format") != FORMAT:
        raise ProblemError("format", f"{document.get('kind')!r} {document.get('format')!r} is not {KIND!r} {FORMAT}")
    try:
        return TeamDeal(
            TeamProblem(
                contracts=Contracts(**document["contracts"]),
                counsel=Counsel(**document["counsel"]),
                parameters=TeamParameters(**document["parameters"]),
                refusals=Refusals(**document["refusals"]),
                surcharges=Surcharges(**document["surcharges"]),
                quarrels=Quarrels(**document["quarrels"]),
            ),
            tuple(
                Wanted(
                    contract=int(each["contract"]),
                    seats=tuple(map(int, each["seats"])),
                    kept=tuple(Kept(**kept) for kept in each["kept"]),
                    required=int(each["required"]),
                    seniors=int(each["seniors"]),
                )
                for each in document["wanted"]
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, ProblemError):
            raise
        raise ProblemError("format", f"the document has not the parts of a problem of teams: {error}") from error
