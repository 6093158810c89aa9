"""The frame around every page: language, large text, errors, search, robots, the pattern page."""

import re

import pytest
from django.test import Client, RequestFactory
from django.views.defaults import server_error

from cms import views
from marketplace.core import search
from marketplace.core.search import SearchHit
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db


def test_the_head_leads_to_every_room(client_for):
    html = client_for().get("/patterns/").content.decode()
    head = html[html.index('<nav class="nav"') : html.index("<main")]
    assert re.findall(r'<a href="(/[a-z]+/)"', head) == ["/catalogue/", "/procurement/", "/volunteering/", "/coverage/"]
    assert 'href="/account/auth/login/?next=/patterns/"' in head


def test_large_text_is_kept_in_a_cookie_and_returns_to_the_page(client_for):
    client = client_for()
    response = client.post("/preferences/", {"elder": "1", "next": "/patterns/?page=2"})
    assert (response.status_code, response["Location"]) == (302, "/patterns/?page=2")
    assert '<html lang="zh-Hans" data-elder>' in client.get("/patterns/").content.decode()
    client.post("/preferences/", {"elder": "0", "next": "/patterns/"})
    assert "data-elder" not in client.get("/patterns/").content.decode()


def test_the_language_switch_needs_no_token_and_keeps_the_page():
    client = Client(enforce_csrf_checks=True)
    response = client.post("/preferences/", {"language": "en", "next": "/patterns/"})
    assert (response.status_code, response["Location"]) == (302, "/patterns/")
    assert "<h1>Patterns</h1>" in client.get("/patterns/").content.decode()


@pytest.mark.parametrize("address", ["https://example.com/", "//example.com/", "javascript:alert(1)"])
def test_preferences_never_lead_away(client_for, address):
    assert client_for().post("/preferences/", {"elder": "1", "next": address})["Location"] == "/"


def test_preferences_are_not_read(client_for):
    assert client_for().get("/preferences/").status_code == 405


def test_public_pages_carry_no_token_of_one_visitor(client_for):
    response = client_for().get("/search/")
    assert "csrf" not in response.content.decode().lower()
    assert "csrftoken" not in response.cookies


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_pattern_page_is_whole_in_both_languages(client_for, language):
    html = client_for(language=language).get("/patterns/").content.decode()
    ids = re.findall(r'\sid="([^"]+)"', html)
    for part in (
        "life",
        "sheet",
        "lists",
        "next",
        "progress",
        "messages",
        "moves",
        "desk",
        "doc",
        "words",
        "pager",
        "forms",
    ):
        assert f'<section id="{part}">' in html
    assert len(set(ids)) == len(ids)
    if language == "en":
        body = html[html.index("<main") : html.index("</main>")]
        assert re.findall(r"[\u4e00-\u9fff]+", body) == []


def test_no_page_writes_scripts_or_styles_into_itself(client_for):
    html = client_for().get("/patterns/").content.decode()
    assert "style=" not in html
    assert re.findall(r"<script(?![^>]*\ssrc=)", html) == []
    assert " onclick=" not in html


def test_lost_pages_say_so_in_the_look_of_the_site(client_for):
    response = client_for(language="en").get("/nowhere/at/all/")
    assert response.status_code == 404
    assert "<h1>This page does not exist</h1>" in response.content.decode()


def test_the_error_page_needs_nothing_of_the_request(client_for):
    html = server_error(RequestFactory().get("/")).content.decode()
    assert "系统出错了" in html
    assert "Something broke" in html


def test_a_stale_form_is_explained():
    response = Client(enforce_csrf_checks=True).post("/account/auth/login/", {"login": "x", "password": "y"})
    assert response.status_code == 403
    assert "请重新提交" in response.content.decode()


def test_search_groups_what_the_rooms_found(client_for, monkeypatch):
    def hits(query, user, limit):
        assert limit == views.HITS_A_KIND
        yield SearchHit(f"<{query}>", "/a/", "村")
        yield SearchHit("二", "/b/", "公告", "雷山县")
        yield SearchHit("三", "/c/", "村")

    monkeypatch.setattr(search, "_providers", [hits])
    html = client_for().get("/search/", {"q": " 郎德 "}).content.decode()
    assert html.count("<h2>村</h2>") == 1
    assert "&lt;郎德&gt;" in html
    assert html.index("/a/") < html.index("/c/") < html.index("/b/")


def test_search_without_a_find_says_what_to_do(client_for, monkeypatch):
    monkeypatch.setattr(search, "_providers", [])
    html = client_for().get("/search/", {"q": "<script>"}).content.decode()
    assert "没有找到" in html
    assert "&lt;script&gt;" in html
    assert "<script>" not in html


def test_robots_keep_out_of_workplaces(client_for):
    text = client_for().get("/robots.txt").content.decode()
    assert "Disallow: /workspace/" in text
    assert "Disallow: /procurement" not in text


def test_an_address_of_a_button_is_explained_when_it_is_opened(client_for):
    response = client_for(make_user(), language="en").get("/account/visitor/")
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    html = response.content.decode()
    assert "This address cannot be opened directly" in html
    assert 'href="/workspace/"' in html


def test_a_stale_form_leads_back_to_its_page():
    response = Client(enforce_csrf_checks=True).post("/account/auth/login/?next=/workspace/", {"login": "x"})
    assert 'href="/account/auth/login/?next=/workspace/"' in response.content.decode()


def test_a_body_that_is_too_large_is_refused_in_the_look_of_the_site(client_for, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = client_for(make_user(), language="en").post("/account/edit/", {"display_name": "x" * 200})
    assert response.status_code == 400
    html = response.content.decode()
    assert "A file may be too large" in html
    assert 'href="/workspace/"' in html
