"""Parts of the play that need no year of service to be told."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import timezone, translation
from wagtail.models import Page, Site

from marketplace.dashboards.demonstration.cast import Cast
from marketplace.dashboards.demonstration.news import STORIES, News
from marketplace.dashboards.demonstration.stage import Stage
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Those who play the news, and nobody else."""
    made = Cast.__new__(Cast)
    made.editor, made.reviewer = make_user(), make_user()
    made.editor.groups.add(Group.objects.get(name="Editors"))
    made.reviewer.groups.add(Group.objects.get(name="Moderators"))
    return made


def test_the_news_is_written_by_one_and_approved_by_another(cast: Cast, client_for: Any) -> None:
    with translation.override("zh-hans"):
        call_command("load_pages", verbosity=0)
        Site.clear_site_root_paths_cache()
        today = date(2026, 7, 20)
        News(Stage(today), cast).play({})
    pages = [page.specific for page in Page.objects.get(slug="news").get_children().order_by("path")]
    assert [page.date for page in pages] == [today + timedelta(days=story.day) for story in STORIES]
    assert {(page.live, page.owner, page.live_revision.user) for page in pages} == {(True, cast.editor, cast.editor)}
    for language in ("zh-hans", "en"):
        client = client_for(language=language)
        listed = client.get("/news/").text
        for page in pages:
            title = page.title if language == "zh-hans" else page.title_en
            assert title in listed.replace("&#x27;", "'")
            assert client.get(page.url).status_code == 200
        # What is said in one language is said in the other.
        assert "此页只有中文" not in listed


def test_offices_act_on_working_days_and_in_their_order() -> None:
    stage = Stage(date(2026, 11, 29))  # a Sunday

    def said(instant: datetime) -> str:
        return f"{timezone.localtime(instant):%a %d %b %H:%M}"

    friday = stage.working(-1, 16)
    assert said(friday) == "Fri 27 Nov 16:00"
    assert said(stage.working(0, 9, 30, after=friday)) == "Fri 27 Nov 17:00"
    assert said(stage.working(1, 9, 30, after=friday)) == "Mon 30 Nov 09:30"
    # The National Day's holiday of 2026: 1 to 7 October; Saturday the 10th is worked for it.
    assert said(stage.working(-55, 10)) == "Wed 30 Sep 10:00"
    assert said(stage.working_day_from(stage.at(-57, 17))) == "Thu 08 Oct 17:00"
    assert said(stage.working_after(stage.at(-51, 17), 1, 9)) == "Sat 10 Oct 09:00"
    assert said(stage.working_after(stage.at(-1, 17), 2, 11)) == "Tue 01 Dec 11:00"
