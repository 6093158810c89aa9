"""Tests that commit leave the database as they found it."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from wagtail.models import Locale, Page, Site

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
