"""A state's word says how things stand; a verb or the name of a date does not."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.utils.translation import override

OURS = ("marketplace.", "catalog.", "volunteers.", "cms.")
#: how a Chinese word of state reads: done, waiting, not yet, under way, being without, or a plain adjective or noun of state
CHINESE = re.compile(r"已|待|未|中$|不|无|有|^(草稿|空缺|在任|评审完毕)$")

STATES = [
    (model, field)
    for model in apps.get_models()
    if model.__module__.startswith(OURS)
    for field in model._meta.fields
    if field.name == "state" and field.choices
]


@pytest.mark.parametrize(("model", "field"), STATES, ids=[model._meta.label for model, _field in STATES])
def test_chinese_words_of_state_read_as_states(model, field):
    with override("zh-hans"):
        words = [str(label) for _value, label in field.choices]
    assert [word for word in words if not CHINESE.search(word)] == []
    assert len(set(words)) == len(words)
    with override("en"):
        english = [str(label) for _value, label in field.choices]
    assert len(set(english)) == len(english)
    assert not set(words) & set(english)


def test_states_are_told_from_dates_of_the_same_name():
    tender = apps.get_model("procurement.tender")
    with override("zh-hans"):
        assert str(dict(tender._meta.get_field("state").choices)["published"]) == "已公布"
        assert str(dict(apps.get_model("procurement.plan")._meta.get_field("state").choices)["approved"]) == "已批准"
        assert str(tender._meta.get_field("approved_at").verbose_name) == "批准时间"
