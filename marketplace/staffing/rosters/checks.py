"""What must hold over all rosters, and the replay of a deal.

Each rule is one question to the database whose answer should be empty; plans are read again with their stored prices.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import connection

from marketplace.ledger.checks import LIMIT, Finding
from marketplace.matching.problem import ProblemError
from marketplace.matching.shifts.documents import digest, from_document, sown

from .computing import check_stored, comparable, compute
from .models import Deal
from .states import DealState

_RULES = {
    "the places of a shift are counted right": """
        SELECT s.id, s.taken, count(d.id) AS holding FROM staffing_rostershift s
        LEFT JOIN staffing_duty d ON d.shift_id = s.id AND d.state IN ('proposed', 'confirmed')
        GROUP BY s.id HAVING s.taken <> count(d.id)""",
    "a duty has the time of its shift": """
        SELECT d.id, d.period, s.starts_at, s.ends_at FROM staffing_duty d JOIN staffing_rostershift s ON s.id = d.shift_id
        WHERE d.period <> tstzrange(s.starts_at, s.ends_at, '[)')""",
    "nobody is on a shift that he did not offer, or for which he did not wait": """
        SELECT d.id, d.person_id, d.shift_id FROM staffing_duty d JOIN staffing_rostershift s ON s.id = d.shift_id
        WHERE d.state IN ('proposed', 'confirmed') AND NOT EXISTS (
            SELECT FROM staffing_offeredshift o JOIN staffing_offer p ON p.id = o.offer_id
            WHERE o.shift_id = d.shift_id AND p.person_id = d.person_id)
        AND NOT EXISTS (
            SELECT FROM volunteers_signup u WHERE u.shift_id = s.volunteer_shift_id AND u.volunteer_id = d.person_id)""",
    "a shift was confirmed by whoever serves": """
        SELECT d.id, d.person_id FROM staffing_duty d WHERE d.state = 'confirmed' AND NOT EXISTS (
            SELECT FROM audit_event e WHERE e.subject_type = 'staffing.duty' AND e.subject_id = d.id::text
            AND e.action IN ('duty.confirm', 'duty.take_over'))""",
    "only deals that were sent have proposals": """
        SELECT d.id, d.state, l.state AS deal FROM staffing_duty d JOIN staffing_deal l ON l.id = d.deal_id
        WHERE d.state NOT IN ('computed', 'withdrawn') AND l.state <> 'sent'""",
    "what was taken over had been handed over": """
        SELECT d.id, o.id AS over, o.state FROM staffing_duty d JOIN staffing_duty o ON o.id = d.takes_over_id
        WHERE o.shift_id <> d.shift_id OR o.state <> 'handed_over'""",
    "deals do not stand still for a day": """
        SELECT id, state, requested_at, attempts FROM staffing_deal
        WHERE state IN ('queued', 'running') AND requested_at < now() - interval '1 day'""",
}


def check_rosters() -> list[Finding]:
    """Every rule with the rows that break it: none, when all is well."""
    findings = []
    with connection.cursor() as cursor:
        for name, question in _RULES.items():
            cursor.execute(question)
            findings.append(
                Finding(name, [column.name for column in cursor.description or ()], cursor.fetchmany(LIMIT))
            )
    broken = list(islice(_broken_proofs(), LIMIT))
    return [*findings, Finding("the stored prices prove the dealt plan", ["deal", "why"], broken)]


def _finished() -> Any:
    return Deal.objects.defer(None).filter(state__in=[DealState.DONE, DealState.SENT]).order_by("pk")


def _broken_proofs() -> Iterator[tuple[Any, ...]]:
    for deal in _finished().iterator(chunk_size=20):
        try:
            problem = from_document(deal.problem)
        except ProblemError as error:
            yield deal.pk, f"the problem cannot be read: {error}"
            continue
        if digest(problem) != deal.digest:
            yield deal.pk, "the problem is not the one of the digest"
            continue
        kept, shares = dict(deal.parameters["kept_minutes"]), dict(deal.result["shares"])
        rows = set(deal.duties.values_list("shift_id", "person_id"))
        verdict = check_stored(problem, kept, shares, rows, deal.result["prices"])
        if not verdict.accepted:
            yield deal.pk, f"{verdict.breach}"
        elif (verdict.worth, verdict.bound) != (deal.result["worth"], deal.result["bound"]):
            yield deal.pk, f"worth {verdict.worth} and bound {verdict.bound} are not those that were stored"


def replay(deal: Deal) -> Iterator[str]:
    """Compute a finished deal again from its frozen problem; says what differs, nothing if it is the same bit for bit."""
    deal = _finished().get(pk=deal.pk)
    problem = from_document(deal.problem)
    if digest(problem) != deal.digest:
        yield f"digest: stored {deal.digest}, of the problem {digest(problem)}"
    if problem.parameters.seed != sown(problem).parameters.seed:
        yield f"seed: stored {problem.parameters.seed}, of the problem {sown(problem).parameters.seed}"
    again = compute(problem, dict(deal.parameters["kept_minutes"]))
    for part, value in comparable(again.result).items():
        if deal.result.get(part) != value:
            yield f"result.{part}: stored {deal.result.get(part)!r}, computed {value!r}"
    stored = {row[:2]: row[2:] for row in deal.duties.values_list("shift_id", "person_id", "travel_minutes", "reason")}
    computed = {(row.shift, row.person): (row.travel_minutes, row.reason) for row in again.rows}
    for pair in sorted(stored.keys() | computed.keys()):
        if stored.get(pair) != computed.get(pair):
            yield f"shift {pair[0]}, person {pair[1]}: stored {stored.get(pair)!r}, computed {computed.get(pair)!r}"
