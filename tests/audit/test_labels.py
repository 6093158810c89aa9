"""The words of the record: every act, and each value by what it means in that act."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.utils import translation

from marketplace.audit import labels
from marketplace.audit.templatetags.audit import act_data
from marketplace.core.states import StateTable

DIGEST = "ab" * 32


@pytest.fixture
def words(monkeypatch):
    """Two rooms that call two things by one key."""
    for name in ("_actions", "_dictionaries", "_common", "_reasons", "_names"):
        monkeypatch.setattr(labels, name, {})
    labels.register(
        {"deal.ask": "asked", "plan.ask": "asked"},
        {"kept": "posts kept", "deal.kept": "shifts kept", "proposed": "proposals", "amount": "sum"},
        values={"amount": labels.yuan, "plan.proposed": lambda value: f"{value} lawyers"},
    )
    labels.register({"deal.pay": "paid"}, {"proposed": "proposed deduction", "digest": "digest", "lot": "lot"})


def said(action, **data):
    event = SimpleNamespace(action=action, subject_type="no.model", data=data)
    return [(label, re.sub("<[^>]*>", "", value)) for label, value in act_data(event)]


def test_an_act_speaks_the_words_of_its_own_room(words):
    assert said("plan.ask", proposed=2) == [("proposals", "2 lawyers")]
    assert said("deal.pay", proposed="2") == [("proposed deduction", "2")]


def test_a_key_may_mean_another_thing_for_one_kind_of_object(words):
    assert said("deal.ask", kept=1) == [("shifts kept", "1")]
    assert said("plan.ask", kept=1) == [("posts kept", "1")]


def test_a_key_that_the_room_does_not_name_is_called_as_elsewhere(words):
    assert said("plan.ask", lot=1, made_up=2) == [("lot", "1"), ("made_up", "2")]


def test_data_stand_in_the_order_of_the_words(words):
    assert [label for label, _value in said("plan.ask", amount="1", kept=1, zone=1, proposed=1)] == [
        "posts kept",
        "proposals",
        "sum",
        "zone",
    ]


def test_amounts_days_and_digests_are_written_as_everywhere(in_english, words):
    assert said("plan.ask", amount="103680.00") == [("sum", "¥103,680")]
    assert said("deal.pay", lot="2020-11-27") == [("lot", "27 Nov 2020")]
    event = SimpleNamespace(action="deal.pay", subject_type="no.model", data={"digest": DIGEST, "lot": "<b>"})
    assert act_data(event) == [("digest", f'<code class="digest">{DIGEST}</code>'), ("lot", "<b>")]


def test_what_is_empty_is_left_out(words):
    assert said("deal.pay", lot="", digest="x") == [("digest", "x")]


@pytest.mark.parametrize(
    ("language", "shown"),
    [("en", "proposals: 2; sum: ¥5\nproposals: 3"), ("zh-hans", "proposals：2；sum：¥5\nproposals：3")],
)
def test_the_rows_of_a_table_stand_one_below_the_other(words, language, shown):
    with translation.override(language):
        rows = [{"amount": "5.00", "proposed": 2}, {"proposed": 3}]
        assert said("deal.ask", rows=rows) == [("rows", shown)]


def _written() -> set[str]:
    """The acts that the sources write by name."""
    written = set()
    for room in ("marketplace", "volunteers", "catalog", "cms"):
        for path in (Path(settings.BASE_DIR) / room).rglob("*.py"):
            if "migrations" not in path.parts:
                text = path.read_text()
                if "audit" in text:
                    written |= set(re.findall(r'\baction="([a-z_]+\.[a-z_]+)"', text))
    return written


def _of_machines() -> set[str]:
    """The acts of all state machines."""
    rooms = [
        module for name, module in sys.modules.items() if name.startswith(("marketplace.", "volunteers.", "catalog."))
    ]
    machines = [item for module in rooms for item in vars(module).values() if isinstance(item, StateTable)]
    return {f"{machine.name}.{step.action}" for machine in machines for step in machine}


def test_every_act_has_words():
    acts = _written() | _of_machines()
    assert len(acts) > 150
    assert sorted(act for act in acts if not labels.is_named(act)) == []


@pytest.mark.django_db
def test_whatever_has_names_can_be_asked_for_them():
    resolvers = labels._subjects | labels._names
    assert len(resolvers) > 30
    for key, names in resolvers.items():
        assert names([0]) == {}, key
