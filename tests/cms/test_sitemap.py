"""What search engines are told of."""

import re
from datetime import timedelta
from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.pages import ServicePage
from cms import sitemaps
from cms.models import GuidePage
from marketplace.core import clock
from marketplace.procurement.models import Notice
from tests.factories.procurement import make_tender
from tests.factories.regions import LEISHAN, XIJIANG, load_leishan
from tests.factories.volunteers import make_call

pytestmark = pytest.mark.django_db


def entries(client, section):
    """Path → day of the last change, as the file of a section says."""
    response = client.get(f"/sitemap-{section}.xml")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/xml"
    found = re.findall(r"<loc>(.*?)</loc>(?:<lastmod>(.*?)</lastmod>)?", response.content.decode())
    return {urlsplit(address).path: day for address, day in found}


def cost(client, section):
    cache.clear()
    client.get("/")  # What Wagtail keeps of its sites is read before.
    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"/sitemap{section}.xml").status_code == 200
    return len(queries)


def test_the_index_names_every_section_and_robots_name_the_index(client_for, settings):
    settings.SITE_URL = "https://example.org"
    assert "Sitemap: https://example.org/sitemap.xml" in client_for().get("/robots.txt").content.decode()
    index = client_for().get("/sitemap.xml").content.decode()
    named = re.findall(r"<loc>http://testserver/sitemap-(\w+)\.xml</loc>", index)
    assert named == list(sitemaps.SECTIONS)
    assert client_for().get("/sitemap-people.xml").status_code == 404
    assert client_for().get("/sitemap-places.xml?p=2").status_code == 404


def test_pages_of_the_site_are_named_once_published(client_for):
    for command in ("load_catalogue", "load_pages"):
        call_command(command, stdout=StringIO())
    product = ServicePage.objects.live().first()
    guide, hidden = GuidePage.objects.live()[:2]
    hidden.unpublish()
    found = entries(client_for(), "pages")
    assert {"/", product.get_url(), guide.get_url()} <= set(found)
    assert hidden.get_url() not in found
    assert found[product.get_url()] == timezone.localdate(product.last_published_at).isoformat()
    for path in (product.get_url(), guide.get_url()):
        assert client_for().get(path).status_code == 200


def test_tenders_and_notices_are_named_when_they_are_public(client_for):
    draft, public = make_tender(state="draft"), make_tender()
    notice = Notice.objects.get(tender=public)
    day = timezone.localdate(notice.published_at).isoformat()
    assert entries(client_for(), "tenders") == {f"/procurement/{public.pk}/": day}
    assert entries(client_for(public.drafted_by), "notices") == {f"/procurement/{public.pk}/notices/{notice.pk}/": day}
    assert f"/{draft.pk}/" not in client_for().get("/sitemap-tenders.xml").content.decode()


def test_open_calls_are_named(client_for):
    (opened, _shift), (draft, _other) = make_call(), make_call(opened=False)
    assert draft.state == "draft"
    assert list(entries(client_for(), "opportunities")) == [f"/volunteering/{opened.pk}/"]


def test_places_go_down_to_the_county(client_for):
    load_leishan()
    found = entries(client_for(), "places")
    assert found[f"/places/{LEISHAN}/"] == "2026-01-01"
    assert f"/places/{XIJIANG}/" not in found
    assert len(found) == 3


def test_every_list_answers_a_stranger(client_for):
    for path in entries(client_for(), "lists"):
        assert client_for().get(path).status_code == 200, path


def test_it_is_kept_for_an_hour(client_for):
    first = make_tender()
    client = client_for()
    assert f"/procurement/{first.pk}/" in entries(client, "tenders")
    second = make_tender()
    with CaptureQueriesContext(connection) as queries:
        assert f"/procurement/{second.pk}/" not in entries(client_for(), "tenders")
    assert not queries.captured_queries
    cache.clear()
    assert f"/procurement/{second.pk}/" in entries(client, "tenders")


def test_the_number_of_queries_does_not_grow(client_for):
    client = client_for()
    sections = ["", *(f"-{name}" for name in sitemaps.SECTIONS)]
    make_tender()
    make_call()
    before = {section: cost(client, section) for section in sections}
    for _ in range(2):
        make_tender()
        make_call()
    assert {section: cost(client, section) for section in sections} == before


def test_a_long_section_takes_several_files(client_for, monkeypatch):
    load_leishan()
    monkeypatch.setattr(sitemaps.PlacesSitemap, "limit", 2)
    client = client_for()
    assert "sitemap-places.xml?p=2</loc>" in client.get("/sitemap.xml").content.decode()
    assert "?p=3" not in client.get("/sitemap.xml").content.decode()
    assert client.get("/sitemap-places.xml?p=2").content.decode().count("<loc>") == 1


def test_the_newest_change_of_a_section_stands_in_the_index(client_for):
    make_tender()
    tender = make_tender(now=clock.now() + timedelta(days=1))
    newest = Notice.objects.get(tender=tender).published_at
    index = client_for().get("/sitemap.xml").content.decode()
    (day,) = re.findall(r"sitemap-notices\.xml</loc>\s*<lastmod>(.{10})", index)
    assert day == timezone.localdate(newest).isoformat()
