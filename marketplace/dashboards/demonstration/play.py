"""The whole play, chapter by chapter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from .cast import Casting
from .stage import Stage
from .stories import Stories


def play(today: date) -> Iterator[str]:
    """Play everything; yields each chapter's name when it is done."""
    stage = Stage(today)
    cast = Casting(stage).everybody()
    yield "people and organisations"
    stories = Stories(stage, cast)
    stories.last_year()
    yield "last year's purchase"
    stories.being_judged()
    stories.awarded()
    stories.failed()
    stories.bidding_open()
    stories.waiting_for_approval()
    yield "this year's purchases"
