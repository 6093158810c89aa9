"""The whole play, chapter by chapter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from marketplace.audit.services import seal_pending
from marketplace.core import clock
from marketplace.dashboards.coverage import refresh

from .bar import write_bar
from .cast import Casting
from .centre import Centre
from .counsel import Counsel
from .giving import Giving
from .news import News
from .stage import Stage
from .stories import Stories
from .year import Year


def play(today: date) -> Iterator[str]:
    """Play everything; yields each chapter's name when it is done."""
    stage = Stage(today)
    cast = Casting(stage).everybody()
    yield "people and organisations"
    giving = Giving(stage, cast)
    giving.policy()
    stories = Stories(stage, cast)
    bought = stories.last_year()
    yield "last year's purchase"
    year = Year(stage, cast)
    signed = year.sign(bought)
    year.staff(signed)
    yield "contracts signed, advisers assigned"
    yield from year.visits(signed)
    year.settle(signed)
    yield "quarters accepted and paid"
    giving.join()
    giving.past()
    giving.duty()
    giving.coming()
    yield "volunteers"
    Centre(stage, cast, stories).play()
    yield "duty at the county's centre"
    stories.being_judged()
    stories.awarded()
    Counsel(stage, cast, stories).play()
    failed, wanted = stories.failed(), stories.bidding_open()
    stories.waiting_for_approval()
    year.consider(signed)
    year.call_volunteers(signed)
    News(stage, cast).play({"hmong-lectures": failed, "hmong-lectures-again": failed, "advisers-next-year": wanted})
    yield "this year's purchases, calls and news"
    refresh(now=clock.now())
    seal_pending()
    write_bar(cast)
    yield "figures, seals, people to act as"
