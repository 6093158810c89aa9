"""Deadlines that the site proposes: the last instant for questions, and how soon an amended deadline can be."""

from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from marketplace.core import clock
from marketplace.core.words import full_day_words
from marketplace.procurement import services_tender
from marketplace.procurement.closing import closing, usual_question_deadline
from marketplace.procurement.errors import DeadlineNotLawful
from tests.factories.procurement import bureau_of, make_tender

pytestmark = pytest.mark.django_db


def beijing(text):
    return timezone.make_aware(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("notice", "deadline", "questions"),
    [
        ("2026-09-07 09:00", "2026-09-21 17:00", "2026-09-14 17:00"),
        # Half-way is a Sunday; a holiday.
        ("2026-09-07 09:00", "2026-09-19 17:00", "2026-09-11 17:00"),
        ("2026-09-28 09:00", "2026-10-12 17:00", "2026-09-30 17:00"),
        # Too short for the close of a day.
        ("2026-09-07 18:00", "2026-09-08 10:00", "2026-09-08 02:00"),
        # The calendar does not reach so far: no day is known to be free.
        ("2099-09-07 09:00", "2099-09-19 17:00", "2099-09-13 17:00"),
    ],
)
def test_questions_end_at_the_close_of_a_working_day(notice, deadline, questions):
    assert usual_question_deadline(beijing(notice), beijing(deadline)) == beijing(questions)


@pytest.mark.parametrize("left", [12, 2])
def test_the_page_of_an_amendment_says_how_soon_the_new_deadline_can_be(
    now, client_for, at, in_english, settings, left
):
    """The day on the page is the first that the service takes."""
    settings.MFA_REQUIRED = False
    tender = make_tender(now=now, days=20)
    approver = bureau_of(tender).approver
    at(tender.bid_deadline - timedelta(days=left))
    page = client_for(approver, language="en").get(reverse("procurement:amend", args=[tender.pk]))
    soonest = page.context["soonest"].counted_from
    assert f"the new deadline can be {full_day_words(soonest)} at the earliest" in strip_tags(page.text)
    refused = closing(soonest - timedelta(days=1))
    if refused > tender.bid_deadline:
        with pytest.raises(DeadlineNotLawful):
            services_tender.amend_deadline(
                actor=approver, tender=tender, bid_deadline=refused, reason="补充", now=clock.now()
            )
    else:
        assert left == 12
    services_tender.amend_deadline(
        actor=approver,
        tender=tender,
        bid_deadline=closing(soonest) + timedelta(minutes=30),
        reason="补充",
        now=clock.now(),
    )
