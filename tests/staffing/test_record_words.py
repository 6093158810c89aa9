"""The record of this room and of contracts in words."""

import pytest
from django.urls import reverse

from marketplace.audit import labels
from tests.factories.rosters import make_roster, offer, open_case, send_case


@pytest.mark.parametrize(
    ("action", "key", "other"),
    [
        ("run.publish", "proposed", "instalment.accept"),
        ("deal.request", "kept", "run.request"),
        ("deal.request", "people", "run.request"),
        ("roster.draft", "shifts", "opportunity.create"),
        ("run.request", "digest", "bid.open"),
    ],
)
def test_one_key_of_two_acts_says_what_each_means(action, key, other):
    assert labels.data_label(action, key) != labels.data_label(other, key)


def test_money_is_written_as_money_and_proposals_are_counted():
    assert labels.value_words("instalment.accept", "proposed", "16130.24") == "¥16,130.24"
    assert labels.value_words("run.publish", "proposed", 1) is None


def test_the_hours_of_a_shift_stand_in_their_order():
    data = {"places": 1, "ends_at": "b", "lawyer_needed": False, "starts_at": "a"}
    assert [key for key, _value in labels.in_order("roster.add_shift", data)] == [
        "starts_at",
        "ends_at",
        "places",
        "lawyer_needed",
    ]


def test_no_shift_in_return_is_no_number():
    assert labels.value_words("swap.ask", "in_return", 0) == "–"
    assert labels.value_words("swap.ask", "in_return", 7) is None


@pytest.mark.django_db
def test_a_roster_its_deals_and_its_shifts_are_told_apart_and_lead_to_their_pages(client_for):
    case = open_case(make_roster())
    offer(case, case.lawyers[0])
    duty = send_case(case)[0]
    deal = case.roster.deals.get()
    client = client_for(case.parties.officer, language="en")
    found = {}
    for subject, key in (("roster", case.roster.pk), ("deal", deal.pk), ("duty", duty.pk)):
        page = client.get(reverse("audit:trail", args=[f"staffing.{subject}", key])).content.decode()
        found[subject] = page.split("<h1")[1].split("</h1>")[0]
        if subject != "duty":
            assert f'href="{reverse(f"staffing:{subject}", args=[key])}"' in page
    assert len(set(found.values())) == 3
    assert "allocation of" in found["deal"]
    assert f"shift of {duty.person.display_name_en}" in found["duty"]
