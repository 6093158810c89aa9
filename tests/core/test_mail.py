"""Letters: one each, both languages, only after commit, many by a worker."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from marketplace.core import tasks
from marketplace.core.mail import AT_ONCE, tell

pytestmark = pytest.mark.django_db


def people(count: int) -> list[Any]:
    return [SimpleNamespace(email=f"p{n}@example.org") for n in range(count)]


def test_each_gets_one_letter_in_both_languages_after_commit(django_capture_on_commit_callbacks: Any) -> None:
    nobody = SimpleNamespace(email="")
    with django_capture_on_commit_callbacks(execute=True):
        tell([*people(2), *people(1), nobody], _("open"), _("open"), "/somewhere/")
        assert mail.outbox == []
    assert [letter.to for letter in mail.outbox] == [["p0@example.org"], ["p1@example.org"]]
    assert mail.outbox[0].subject.endswith(" / open")
    assert mail.outbox[0].body.endswith("/somewhere/")


def test_nobody_is_told_what_was_rolled_back(django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        try:
            with transaction.atomic():
                tell(people(1), "subject", "text", "/")
                raise InterruptedError
        except InterruptedError:
            pass
    assert mail.outbox == []


def test_many_letters_are_left_to_a_worker(django_capture_on_commit_callbacks: Any, monkeypatch: Any) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(tasks.send_letters, "delay", lambda *arguments: asked.append(arguments))
    with django_capture_on_commit_callbacks(execute=True):
        tell(people(2 * AT_ONCE + 1), "subject", "text", "/")
    assert mail.outbox == []
    assert [len(addresses) for _subject, _body, addresses in asked] == [AT_ONCE, AT_ONCE, 1]
    for arguments in asked:
        tasks.send_letters(*arguments)
    assert len({letter.to[0] for letter in mail.outbox}) == len(mail.outbox) == 2 * AT_ONCE + 1
