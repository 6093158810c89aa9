"""Tests that commit leave the database as they found it."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from wagtail.models import Locale, Page, Site

from marketplace.audit import services as audit
from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.statutes.models import CalendarDay
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def state() -> tuple[object, ...]:
    return (
        list(Page.objects.order_by("pk").values_list("pk", "path", "title")),
        list(Site.objects.values_list("pk", "root_page")),
        list(Locale.objects.values_list("language_code", flat=True)),
        dict(ContentType.objects.values_list("pk", "model")),
    )


@pytest.mark.parametrize("turn", [1, 2])
def test_what_migrations_made_is_there_again_after_a_test_that_committed(turn: int) -> None:
    before = state()
    assert before[0]
    assert before[1]
    Page.objects.update(title="spoiled")
    Locale.objects.create(language_code="en")

    call_command("flush", interactive=False, verbosity=0, reset_sequences=False)

    assert state() == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgenabled = 'D'")
        assert cursor.fetchall() == []


def test_rows_that_may_never_go_are_gone_all_the_same() -> None:
    user = make_user()
    audit.record(actor=user, action="user.edit", subject=user, now=clock.now())
    working = CalendarDay.objects.filter(is_working=True).count()
    CalendarDay.objects.filter(date__year=2026).update(is_working=False)
    with pytest.raises(DatabaseError, match="audit_event"), transaction.atomic():
        Event.objects.all()._raw_delete("default")

    call_command("flush", interactive=False, verbosity=0, reset_sequences=False)

    assert not Event.objects.exists()
    assert not type(user).objects.exists()
    assert CalendarDay.objects.filter(is_working=True).count() == working
