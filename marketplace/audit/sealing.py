"""Sealing the record: every committed event gets its place in a chain of digests.

What waits stands in ``Unsealed``, where a trigger puts each new event in its own transaction. So a seal costs what is
new and not what is old, and an event that was numbered early and committed late is never missed: it is in the next seal.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from marketplace.core.locks import lock_name

from .models import Event, Seal, SealedEvent, Unsealed
from .verify_export import NO_SEAL, event_digest, seal_digest

BATCH = 10_000


def iso(instant: datetime) -> str:
    """UTC to the microsecond: ``2026-11-23T08:00:00.000000Z``."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def _whole(value: Any) -> Any:
    """The database keeps 1.0 as such, which Python reads as a float: the same number as 1. It holds no fractions."""
    if isinstance(value, float):
        return int(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return value


def payload(event: Event) -> dict[str, Any]:
    """What the digest of an event covers: every column of its row."""
    return {
        "id": event.pk,
        "actor": event.actor_id,
        "action": event.action,
        "subject_type": event.subject_type,
        "subject_id": event.subject_id,
        "occurred_at": iso(event.occurred_at),
        "recorded_at": iso(event.recorded_at),
        "reason": event.reason,
        "data": _whole(event.data),
        "transaction": event.transaction,
    }


def seal_batch(limit: int = BATCH) -> Seal | None:
    """Seal up to ``limit`` waiting events, oldest first, in one transaction; None if nothing waits.

    Sealers wait for one another, so seals come one by one however many processes try.
    """
    with transaction.atomic():
        lock_name("audit.seal")
        keys = list(Unsealed.objects.order_by("pk").values_list("pk", flat=True)[:limit])
        if not keys:
            return None
        with connection.cursor() as cursor:
            # The server's own clock, also in a rehearsal: when it was sealed is not played.
            cursor.execute("SELECT clock_timestamp()")
            sealed_at = cursor.fetchone()[0]
        events = Event.objects.filter(pk__in=keys).order_by("pk")
        digests = [(event.pk, event_digest(payload(event))) for event in events]
        last = Seal.objects.order_by("-number").first()
        number, previous = (last.number + 1, last.digest) if last else (1, NO_SEAL)
        seal = Seal.objects.create(
            number=number,
            previous_digest=previous,
            digest=seal_digest(number, previous, iso(sealed_at), [digest for _key, digest in digests]),
            event_count=len(digests),
            sealed_at=sealed_at,
        )
        SealedEvent.objects.bulk_create(
            [
                SealedEvent(event_id=key, seal=seal, position=position, digest=digest)
                for position, (key, digest) in enumerate(digests)
            ],
            batch_size=2_000,
        )
        Unsealed.objects.filter(event__in=keys).delete()
    return seal


def seal_pending(*, batch: int = BATCH) -> list[Seal]:
    """Seal everything that waits; gives the new seals."""
    seals = []
    while seal := seal_batch(batch):
        seals.append(seal)
    return seals


def sealed_events(seal: Seal) -> list[SealedEvent]:
    """The entries of one seal in order, with their events."""
    return list(seal.entries.select_related("event").order_by("position"))


def faults(expected: dict[int, str] | None = None) -> Iterator[str]:
    """Recompute the whole chain and name every row that does not fit; nothing if all holds.

    ``expected``: digests by seal number that were noted outside.
    """
    expected = dict(expected or {})
    previous, number = NO_SEAL, 0
    for number, seal in enumerate(Seal.objects.order_by("number").iterator(chunk_size=1_000), start=1):
        if seal.number != number:
            yield f"seal {number} is missing: the next one is {seal.number}"
            return
        if seal.previous_digest != previous:
            yield f"seal {number} does not follow from the seal before it"
        entries = sealed_events(seal)
        if [entry.position for entry in entries] != list(range(seal.event_count)):
            yield f"seal {number} holds {len(entries)} events at other places than the {seal.event_count} it was made with"
        for entry in entries:
            try:
                fits = event_digest(payload(entry.event)) == entry.digest
            except ValueError:
                fits = False
            if not fits:
                yield f"event {entry.event_id} (seal {number}, place {entry.position}) is not what was sealed"
        if seal_digest(number, previous, iso(seal.sealed_at), [entry.digest for entry in entries]) != seal.digest:
            yield f"seal {number} does not fit its events"
        if expected.pop(number, seal.digest) != seal.digest:
            yield f"seal {number} is not the one that was noted"
        previous = seal.digest
    for missing in sorted(expected):
        yield f"seal {missing} was noted but is not there: the chain ends with seal {number}"
    lost = Event.objects.filter(sealed__isnull=True, unsealed__isnull=True).order_by("pk")
    for key in lost.values_list("pk", flat=True)[:100]:
        yield f"event {key} is neither sealed nor waiting to be"
    twice = Unsealed.objects.filter(event__sealed__isnull=False).order_by("pk")
    for key in twice.values_list("pk", flat=True)[:100]:
        yield f"event {key} is sealed and still waiting to be"
