"""The record of this room and of contracts in words."""

import pytest

from marketplace.audit import labels


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
