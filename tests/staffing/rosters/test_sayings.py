"""What the pages of rosters say: who reads a reason, what is free and whose turn it is, and when a shift is."""

import re

import pytest
from django.urls import reverse
from django.utils import translation

from marketplace.core.words import hours_words
from tests.factories.volunteers import make_call, make_coordinator

from .test_pages import sent, text

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("act", "reader"),
    [
        ("duty_withdraw", "The person concerned will read it."),
        ("roster_cancel", "Everybody on the roster will read it."),
    ],
)
def test_a_reason_says_who_reads_it(client_for, act, reader):
    """Whoever keeps the roster is not told that he reads his own words."""
    case, proposed = sent()
    officer = client_for(case.parties.officer, language="en")
    page = text(officer.get(reverse(f"staffing:{act}", args=[case.roster.pk if "roster" in act else proposed[0].pk])))
    assert reader in page
    assert "Whoever keeps the roster will read it." not in page
    declining = client_for(proposed[0].person, language="en").get(
        reverse("staffing:duty_decline", args=[proposed[0].pk])
    )
    assert "Whoever keeps the roster will read it." in text(declining)


def test_the_last_step_of_a_published_roster_is_not_that_it_is_published(client_for):
    case, _ = sent()
    page = text(client_for(case.parties.officer, language="en").get(reverse("staffing:roster", args=[case.roster.pk])))
    steps = page.split('<ol class="life">')[1].split("</ol>")[0]
    assert '<li class="now" aria-current="step"><b>Answers</b>' in steps
    assert "<b>All confirmed</b>" in steps
    assert "Published" not in steps


def test_free_places_that_nobody_is_left_to_take_are_named_with_the_supplier(client_for):
    case, _ = sent()
    officer = client_for(case.parties.officer, language="en")
    free = case.shifts[3]
    box = text(officer.get(reverse("staffing:roster", args=[case.roster.pk]))).split('class="msg info"')[1]
    box = box.split("</div></div>")[0]
    assert "1 place in a coming shift is free" in box
    assert reverse("staffing:roster_shift", args=[free.pk]) in box
    assert reverse("staffing:roster_shift", args=[case.shifts[0].pk]) not in box
    assert reverse("accounts:organisation", args=[case.parties.supplier.pk]) in box


def test_a_published_roster_counts_apart_what_can_still_be_ticked(client_for):
    case, _ = sent()
    lawyer = client_for(case.lawyers[0], language="en")
    page = text(lawyer.get(reverse("staffing:roster_offer", args=[case.roster.pk])))
    assert "<dt>shifts offered in all</dt><dd>3</dd>" in page
    assert "<dt>of these, still free</dt><dd>0</dd>" in page
    assert "shifts ticked" not in page
    assert "Only shifts with a box can be ticked" in page


def test_the_form_of_a_call_says_which_shifts_it_takes(client_for):
    coordinator = make_coordinator()
    call, _shift = make_call(by=coordinator)
    page = text(client_for(coordinator, language="en").get(reverse("staffing:roster_new_call", args=[call.pk])))
    assert re.search(r"There (is|are) \d+ shifts?, ", page)
    assert reverse("volunteers:opportunity", args=[call.pk]) in page


def test_a_shift_is_told_with_its_weekday_however_far_it_is(client_for):
    """People decide on duty by the day of the week, and one list holds near and far days."""
    case, proposed = sent()
    first = proposed[0]
    with translation.override("en"):
        said = hours_words(first.shift.starts_at, first.shift.ends_at).replace("\xa0", " ")
    assert re.match(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ", said)
    lawyer = client_for(first.person, language="en")
    officer = client_for(case.parties.officer, language="en")
    deal = case.roster.deals.get()
    assert said in text(lawyer.get(reverse("staffing:duties")))
    assert said in text(lawyer.get(reverse("staffing:duty_decline", args=[first.pk])))
    assert said in text(officer.get(reverse("staffing:deal", args=[deal.pk])))
    assert said in text(officer.get(reverse("staffing:duty_withdraw", args=[first.pk])))
