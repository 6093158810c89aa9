"""The editors' administration: what its forms ask and how they take it."""

from datetime import datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import timezone
from wagtail.models import GroupPagePermission, Page, Workflow
from wagtail.users.models import UserProfile

from cms.models import HomePage, NewsIndexPage, NewsPage
from cms.tasks import publish_scheduled
from marketplace.celery import schedule
from tests.factories.accounts import make_user
from tests.factories.regions import LEISHAN, load_leishan

pytestmark = pytest.mark.django_db


@pytest.fixture
def home():
    load_leishan()
    call_command("load_pages", county=LEISHAN, verbosity=0)
    return HomePage.objects.get()


def test_the_county_of_the_front_page_is_typed_and_not_one_of_three_thousand(client_for, home):
    editor = make_user()
    editor.groups.add(Group.objects.get(name="Moderators"))
    page = client_for(editor, language="en").get(f"/cms-admin/pages/{home.pk}/edit/").content.decode()
    assert f'value="Leishan County ({LEISHAN})"' in page
    assert "htmx-2.min.js" in page
    form_class = HomePage.get_edit_handler().get_form_class()
    given = {"title": home.title, "slug": home.slug, "comments-TOTAL_FORMS": "0", "comments-INITIAL_FORMS": "0"}
    for typed, county in (("雷山县", LEISHAN), ("", None)):
        form = form_class(given | {"county": typed}, instance=home, for_user=editor)
        assert form.is_valid(), form.errors
        assert form.save(commit=False).county_id == county
    # A township is no county.
    assert "county" in form_class(given | {"county": "西江镇"}, instance=home, for_user=editor).errors


def _news(**given):
    empty = {f"{body}-count": "0" for body in ("body", "body_en")}
    counts = {"comments-TOTAL_FORMS": "0", "comments-INITIAL_FORMS": "0", "slug": "", "date": "2026-11-29"}
    return empty | counts | {"action-publish": "x"} | given


def test_the_start_page_leads_to_what_the_editor_may_add_and_news_begin_with_today(client_for, home, at):
    at(datetime(2026, 11, 30, 9))
    editor, section = make_user(), NewsIndexPage.objects.get()
    editor.groups.add(Group.objects.get(name="Editors"))
    add = f"/cms-admin/pages/add/cms/newspage/{section.pk}/"
    browser = client_for(editor)
    assert f'href="{add}">动态</a>' in browser.get("/cms-admin/").content.decode()
    assert 'name="date" value="2026-11-30"' in browser.get(add).content.decode()
    # Who may only look at pictures finds nothing to add.
    GroupPagePermission.objects.all().delete()
    assert add not in client_for(editor).get("/cms-admin/").content.decode()


def test_who_edits_in_english_is_greeted_in_english_and_told_which_title_is_the_chinese_one(client_for, home):
    editor = make_user(display_name="文编辑", display_name_en="Wen, editor")
    editor.groups.add(Group.objects.get(name="Moderators"))
    browser = client_for(editor, language="en")
    start = browser.get("/cms-admin/").content.decode()
    assert "Public legal services marketplace" in start.partition("</h1>")[0].rpartition("<h1")[2]
    assert "Wen, editor" in start
    assert "文编辑" not in start
    form = browser.get(f"/cms-admin/pages/{home.pk}/edit/").content.decode()
    assert "Title in Chinese" in form
    assert "Summary in Chinese" in form


def test_a_page_with_a_chinese_title_gets_its_address_by_itself(client_for, home):
    editor, section = make_user(), NewsIndexPage.objects.get()
    editor.groups.add(Group.objects.get(name="Moderators"))
    add = f"/cms-admin/pages/add/cms/newspage/{section.pk}/"
    for english in ("Law month", "", "Law month"):
        assert client_for(editor).post(add, _news(title="普法月", title_en=english)).status_code == 302
    assert [page.slug for page in NewsPage.objects.order_by("pk")] == ["law-month", "普法月", "普法月-2"]
    assert all(page.live for page in NewsPage.objects.all())


def test_a_page_is_published_at_its_hour_by_the_clock(home, monkeypatch):
    section = NewsIndexPage.objects.get()
    page = section.add_child(instance=NewsPage(title="明日公告", slug="tomorrow", date="2026-11-30", live=False))
    page.go_live_at = timezone.now() + timedelta(hours=1)
    page.save_revision().publish()
    publish_scheduled()
    assert not NewsPage.objects.get().live
    later = timezone.now() + timedelta(hours=2)
    monkeypatch.setattr(timezone, "now", lambda: later)
    publish_scheduled()
    assert NewsPage.objects.get().live
    assert "cms.publish_scheduled" in schedule()


def test_the_review_of_pages_has_a_name_in_both_languages():
    migration = import_module("cms.migrations.0005_the_review_has_a_name_in_both_languages")
    Workflow.objects.create(name="Moderators approval")
    migration._rename(apps, migration.OLD, migration.NEW)
    assert Workflow.objects.filter(name="发布审核 · Review before publication").exists()
    assert not Workflow.objects.filter(name="Moderators approval").exists()


def test_the_root_of_pages_has_a_name_in_both_languages():
    migration = import_module("cms.migrations.0006_the_root_of_pages_has_a_chinese_name")
    root = Page.get_first_root_node()
    assert (root.title, root.draft_title) == (migration.NEW, migration.NEW)
    migration._rename(apps, migration.NEW, migration.OLD)
    migration._rename(apps, migration.OLD, migration.NEW)
    assert Page.get_first_root_node().title == "全部页面 · All pages"


def test_the_editors_account_page_asks_for_no_first_and_last_name(client_for):
    editor = make_user(display_name="石编辑", display_name_en="Shi the editor")
    editor.groups.add(Group.objects.get(name="Editors"))
    browser = client_for(editor, language="en")
    page = browser.get("/cms-admin/account/").content.decode()
    assert "name_email-first_name" not in page
    assert "Shi the editor" in page
    assert 'href="/account/"' in page
    # What is Wagtail's own can be kept without it.
    kept = browser.post("/cms-admin/account/", {"locale-preferred_language": "en", "theme-theme": "dark"} | _THEME)
    assert kept.status_code == 302, kept.context and [p.get_form().errors for p in kept.context["panels_by_tab"]]
    editor.refresh_from_db()
    assert UserProfile.get_for_user(editor).theme == "dark"
    assert (editor.first_name, editor.display_name) == ("", "石编辑")
    assert client_for(make_user()).get("/cms-admin/account/").status_code in (302, 403)


_THEME = {"theme-contrast": "system", "theme-density": "default", "theme-keyboard_shortcuts": "on"}
