"""The catalogue, its frozen versions and its review by a second person."""

from __future__ import annotations

import hashlib
from importlib import import_module
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import translation
from wagtail.models import Page

from catalog.errors import OwnDraft, ProductNotPublished
from catalog.models import ProductVersion
from catalog.pages import ServicePage
from catalog.selectors import search_products
from catalog.services import freeze_version
from catalog.standards import standard_words
from catalog.templatetags.catalog import headed
from catalog.workflow import SecondPersonApproval, has_drafted
from marketplace.core import clock
from marketplace.core.workspace import work_items
from tests.factories.accounts import make_user
from tests.factories.catalog import make_product, make_version
from tests.factories.procurement import make_plan

pytestmark = pytest.mark.django_db


def test_loading_twice_leaves_nine_products_with_standards_in_both_languages() -> None:
    for _ in range(2):
        call_command("load_catalogue", stdout=StringIO())
    products = list(ServicePage.objects.live())
    assert len(products) == 9
    for product in products:
        assert product.title_en
        assert product.summary_en
        assert product.basis_en
        assert bool(product.reference_price_source_en) == bool(product.reference_price_source)
        assert product.obligations.count() >= 1
        assert all(line.title_en and line.evidence_en for line in product.obligations.all())


def test_the_source_of_a_price_is_told_in_the_language_of_the_page(client_for: Any) -> None:
    call_command("load_catalogue", stdout=StringIO())
    page = ServicePage.objects.get(code="PLS-03")
    frozen = freeze_version(page=page, actor=None, now=clock.now())
    shown = client_for(language="en").get(page.get_url()).content.decode()
    assert "duty allowance of at least 200 yuan a day" in shown
    assert "永定区" not in shown
    assert "永定区 2020 年值班补贴" in client_for().get(page.get_url()).content.decode()
    # A price is no part of what a tender cites: its digest is the same with and without a source.
    page.reference_price_source_en = ""
    page.save_revision().publish()
    assert freeze_version(page=page, actor=None, now=clock.now()) == frozen


def test_a_catalogue_of_before_gets_the_english_of_its_sources() -> None:
    call_command("load_catalogue", stdout=StringIO())
    page = ServicePage.objects.get(code="PLS-03")
    ServicePage.objects.update(reference_price_source_en="")
    revision = page.latest_revision
    del revision.content["reference_price_source_en"]
    revision.save()
    import_module("catalog.migrations.0004_price_source_in_english")._translate(apps, None)
    page.refresh_from_db()
    assert page.reference_price_source_en.startswith("Yongding District, 2020")
    # The editor goes on from the revision, and keeps it.
    draft = ServicePage.objects.get(pk=page.pk).get_latest_revision_as_object()
    assert draft.reference_price_source_en == page.reference_price_source_en


def test_what_a_tender_froze_does_not_change_with_the_page() -> None:
    version = make_version()
    page = version.page
    page.summary = "改过的概要。"
    page.save_revision().publish()
    again = freeze_version(page=page, actor=None, now=clock.now())
    assert (version.number, again.number) == (1, 2)
    assert ProductVersion.objects.get(pk=version.pk).content["summary"] != "改过的概要。"
    assert freeze_version(page=page, actor=None, now=clock.now()) == again


def test_a_draft_change_is_not_frozen() -> None:
    page = make_product()
    page.summary = "草稿。"
    page.save_revision()
    assert freeze_version(page=page, actor=None, now=clock.now()).content["summary"] != "草稿。"
    page.unpublish()
    with pytest.raises(ProductNotPublished):
        freeze_version(page=page, actor=None, now=clock.now())


def test_frozen_versions_never_change_by_raw_sql() -> None:
    version = make_version()
    for sql in ("UPDATE catalog_productversion SET number = 9", "DELETE FROM catalog_productversion"):
        with pytest.raises(DatabaseError, match="never change"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    version.refresh_from_db()
    assert version.number == 1


def test_anybody_can_check_the_digest(client_for: Any) -> None:
    version = make_version()
    page = client_for().get(f"/catalogue/versions/{version.pk}/").content.decode()
    assert f'href="{version.page.get_url()}"' in page, "the way to the living page"
    body = client_for().get(f"/catalogue/versions/{version.pk}/?format=json").content
    assert hashlib.sha256(body).hexdigest() == version.digest


@pytest.mark.parametrize(
    ("unit", "quantity", "period", "chinese", "english"),
    [
        ("minutes", 240, "month", "每月不少于 4 小时", "at least 4 hours a month"),
        ("minutes", 90, "week", "每周不少于 90 分钟", "at least 90 minutes a week"),
        ("times", 1, "quarter", "每季度不少于 1 次", "at least once a quarter"),
        ("times", 2, "month", "每月不少于 2 次", "at least twice a month"),
        ("times", 3, "year", "每年不少于 3 次", "at least 3 a year"),
        ("times", 1, "each", "每件不少于 1 次", "at least once per case"),
        ("hours_limit", 24, "each", "24 小时内", "within 24 hours"),
        ("villages", 5, "once", "不超过 5 个村", "at most 5 villages"),
    ],
)
def test_a_standard_in_words(unit: str, quantity: int, period: str, chinese: str, english: str) -> None:
    line = {"quantity_unit": unit, "quantity": quantity, "period": period}
    assert standard_words(line) == chinese
    with translation.override("en"):
        assert standard_words(line) == english


def test_the_first_line_of_what_a_product_contains_is_its_heading() -> None:
    assert headed("What is done\n1. Advice.\n2. A < B.") == "<h2>What is done</h2><p>1. Advice.<br>2. A &lt; B.</p>"
    assert headed("Advice is given.\nLectures too.") == "<p>Advice is given.<br>Lectures too.</p>"
    assert headed("<b>Advice") == "<p>&lt;b&gt;Advice</p>"


def test_who_asks_for_review_does_not_approve_it() -> None:
    call_command("load_catalogue", stdout=StringIO())
    task = SecondPersonApproval.objects.get()
    editor, reviewer = make_user(), make_user()
    for person in (editor, reviewer):
        person.groups.add(Group.objects.get(name="Moderators"))
    page = ServicePage.objects.get(code="PLS-01")
    page.summary = "每村一名。"
    page.save_revision(user=editor)
    page.get_workflow().start(page, editor)
    page = ServicePage.objects.get(pk=page.pk)
    assert task.get_actions(page, editor) == []
    assert not task.get_task_states_user_can_moderate(editor).exists()
    assert [name for name, _label, _form in task.get_actions(page, reviewer)] == ["reject", "approve", "approve"]
    where = f"/cms-admin/pages/{page.pk}/edit/"
    assert where in [item.url for item in work_items(reviewer, clock.now())], "the reviewer is told"
    assert where not in [item.url for item in work_items(editor, clock.now())]

    page.current_workflow_task_state.approve(user=reviewer)
    assert where not in [item.url for item in work_items(reviewer, clock.now())], "nothing waits any more"

    assert ServicePage.objects.get(pk=page.pk).summary == "每村一名。"


def test_what_comes_back_from_review_waits_for_its_editor_with_the_reason() -> None:
    call_command("load_catalogue", stdout=StringIO())
    editor, reviewer = _moderator(), _moderator()
    page = ServicePage.objects.get(code="PLS-01")
    page.summary = "每村一名。"
    page.save_revision(user=editor)
    page.get_workflow().start(page, editor)
    page = ServicePage.objects.get(pk=page.pk)
    page.current_workflow_task_state.reject(user=reviewer, comment="请说明依据。")
    where = f"/cms-admin/pages/{page.pk}/edit/"
    assert [(item.url, item.detail) for item in work_items(editor, clock.now())] == [(where, "请说明依据。")]
    assert where not in [item.url for item in work_items(reviewer, clock.now())]
    ServicePage.objects.get(pk=page.pk).current_workflow_state.resume(user=editor)
    assert where not in [item.url for item in work_items(editor, clock.now())]
    assert where in [item.url for item in work_items(reviewer, clock.now())]


def _moderator() -> Any:
    person = make_user()
    person.groups.add(Group.objects.get(name="Moderators"))
    return person


def test_nobody_publishes_a_product_past_its_review() -> None:
    call_command("load_catalogue", stdout=StringIO())
    product = Page.objects.get(pk=ServicePage.objects.get(code="PLS-01").pk)
    moderator = _moderator()
    for page in (product, product.get_parent()):
        may = page.permissions_for_user(moderator)
        assert (may.can_edit(), may.can_publish(), may.can_publish_subpage()) == (True, False, False)
    assert product.permissions_for_user(moderator).can_unpublish()
    news = Page.objects.get(depth=2)
    assert news.permissions_for_user(moderator).can_publish(), "pages that no tender cites keep their editors' rights"


def test_a_product_that_is_cited_cannot_be_deleted_alone_nor_with_the_page_above_it(client_for: Any) -> None:
    cited, free = make_version().page, make_product("PLS-02")
    planned = make_plan(product=make_product("PLS-03")).product
    index = Page.objects.get(pk=cited.get_parent().pk)
    administrator = client_for(make_user(is_superuser=True, is_staff=True), language="en")
    sure = {"confirm_site_name": settings.WAGTAIL_SITE_NAME}
    for page in (cited, planned, index):
        for ask in (administrator.get, administrator.post):
            answer = ask(f"/cms-admin/pages/{page.pk}/delete/", sure)
            assert answer.url == f"/cms-admin/pages/{page.pk}/edit/"
            assert "cannot be deleted. You can unpublish it instead" in administrator.get(answer.url).content.decode()
    assert ServicePage.objects.count() == 3
    many = f"/cms-admin/bulk/wagtailcore/page/delete/?id={free.pk}&next=/cms-admin/pages/{index.pk}/"
    refused = administrator.post(f"{many}&id={planned.pk}", sure, follow=True).content.decode()
    assert "cited by procurement plans, procurements or contracts and cannot be deleted" in refused
    # Of versions Wagtail knows itself: it offers no button.
    shown = administrator.get(f"{many}&id={cited.pk}").content.decode()
    assert "prevent it from being deleted" in shown
    administrator.post(f"{many}&id={cited.pk}", sure)
    assert ServicePage.objects.count() == 3
    assert administrator.post(f"/cms-admin/pages/{free.pk}/delete/").status_code == 302
    assert list(ServicePage.objects.order_by("code")) == [cited, planned]


def test_the_uses_of_a_product_are_its_frozen_versions(
    client_for: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        version = make_version()
    shown = client_for(_moderator()).get(f"/cms-admin/pages/{version.page_id}/usage/").content.decode()
    assert f'href="/catalogue/versions/{version.pk}/"' in shown


def test_who_changes_the_draft_during_the_review_does_not_approve_it() -> None:
    call_command("load_catalogue", stdout=StringIO())
    task = SecondPersonApproval.objects.get()
    editor, first, second = make_user(), _moderator(), _moderator()
    page = ServicePage.objects.get(code="PLS-01")
    page.summary = "每村一名。"
    page.save_revision(user=editor)
    page.get_workflow().start(page, editor)
    # The second only asked for changes once: the editor's machinery stores a revision then too, with the same words.
    page = ServicePage.objects.get(pk=page.pk)
    draft = page.get_latest_revision_as_object()
    draft.save_revision(user=second)
    # The first reviewer presses "approve" in the editor with a change of his own: it is saved as a draft before.
    page = ServicePage.objects.get(pk=page.pk)
    page.summary = "每村一名，由我指定。"
    page.save_revision(user=first)
    state = ServicePage.objects.get(pk=page.pk).current_workflow_task_state
    with pytest.raises(OwnDraft):
        task.on_action(state, first, "approve")
    assert task.get_actions(page, first) == []
    assert not task.get_task_states_user_can_moderate(first).exists()
    assert ServicePage.objects.get(pk=page.pk).summary not in {"每村一名。", "每村一名，由我指定。"}

    assert [state.pk for state in task.get_task_states_user_can_moderate(second)] == [state.pk]
    task.on_action(state, second, "approve")
    page = ServicePage.objects.get(pk=page.pk)
    assert page.summary == "每村一名，由我指定。"

    # What is published is nobody's draft any more: the first reviewer may approve the next change.
    page.summary = "每村一名，每月到村。"
    page.save_revision(user=editor)
    page.get_workflow().start(page, editor)
    page = ServicePage.objects.get(pk=page.pk)
    assert task.get_task_states_user_can_moderate(first).exists()
    assert len(task.get_actions(page, first)) == 3


def _as_the_editor_sends_it(page: ServicePage, **changes: str) -> dict[str, str]:
    """The form of the editor as a browser sends it: all fields, lines ended with CRLF."""
    lines = list(page.obligations.all())
    fields = {name: getattr(page, name, None) for name in ServicePage.get_edit_handler().get_form_class().base_fields}
    given = {name: str(value) for name, value in fields.items() if value is not None and value is not False}
    for n, line in enumerate(lines):
        for name in ("id", "code", "kind", "title", "title_en", "quantity", "quantity_unit", "period", "tolerance"):
            given[f"obligations-{n}-{name}"] = str(getattr(line, name))
        given |= {f"obligations-{n}-evidence": line.evidence, f"obligations-{n}-evidence_en": line.evidence_en}
        given[f"obligations-{n}-ORDER"] = str(n + 1)
    for prefix, count in (("obligations", len(lines)), ("comments", 0)):
        given |= {f"{prefix}-TOTAL_FORMS": str(count), f"{prefix}-INITIAL_FORMS": str(count)}
    return {name: value.replace("\n", "\r\n") for name, value in (given | changes).items()}


def test_saving_in_the_editor_changes_nothing_that_nobody_typed(client_for: Any) -> None:
    call_command("load_catalogue", stdout=StringIO())
    page, editor = ServicePage.objects.get(code="PLS-01"), _moderator()
    assert "\n" in page.body
    browser, where = client_for(editor, language="en"), f"/cms-admin/pages/{page.pk}/edit/"
    assert browser.post(where, _as_the_editor_sends_it(page)).status_code == 302
    draft = ServicePage.objects.get(pk=page.pk).get_latest_revision_as_object()
    assert draft.latest_revision_created_at != page.latest_revision_created_at
    assert draft.body == page.body
    assert not has_drafted(editor, Page.objects.get(pk=page.pk))
    browser.post(where, _as_the_editor_sends_it(page, summary="每村一名。"))
    assert has_drafted(editor, Page.objects.get(pk=page.pk))
    form = browser.get(where).content.decode()
    assert f"/cms-admin/pages/{page.pk}/revisions/compare/live...latest/" in form
    assert "such as PLS-01" in form
    compared = browser.get(f"/cms-admin/pages/{page.pk}/revisions/compare/live...latest/").content.decode()
    assert "Summary" in compared
    assert "What it contains" not in compared


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_cost_the_same_for_one_product_and_three(
    client_for: Any, language: str, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for codes in (("PLS-01",), ("PLS-02", "PLS-03")):
        for code in codes:
            make_product(code)
        client = client_for(language=language)
        client.get("/catalogue/")
        with django_assert_max_num_queries(30) as captured:
            assert client.get("/catalogue/").status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("query", ["法律 顾问", "village adviser", "pls-01", "法律顾问"])
def test_a_product_is_found_by_every_word(query: str) -> None:
    call_command("load_catalogue", stdout=StringIO())
    assert "PLS-01" in [product.code for product in search_products(query, 10)]
    assert search_products(f"{query} 没有这个词", 10) == []


def test_an_unknown_category_shows_all(client_for: Any) -> None:
    make_product("PLS-01")
    make_product("PLS-09")
    body = client_for().get("/catalogue/?category=nothing").content.decode()
    assert "PLS-01" in body
    assert "PLS-09" in body
    assert "PLS-09" not in client_for().get("/catalogue/?category=counsel").content.decode()
