"""The one search box over all rooms."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cms.models import GuideIndexPage, GuidePage, HomePage
from marketplace.regions.models import Region
from tests.factories.accounts import a_place
from tests.factories.catalog import make_product
from tests.factories.procurement import make_plan, make_tender
from tests.factories.regions import load_leishan
from tests.factories.volunteers import make_call

pytestmark = pytest.mark.django_db


@pytest.fixture
def guides():
    return HomePage.objects.get().add_child(instance=GuideIndexPage(title="指南", slug="guides"))


def test_a_search_costs_the_same_for_one_find_of_each_kind_and_for_three(client_for, guides):
    client = client_for()

    def add(number):
        make_tender(plan=make_plan(title=f"雷公山采购 {number}"), lots=1)
        make_call(title=f"雷公山义诊 {number}")
        make_product(f"PLS-0{number + 1}", title=f"雷公山服务 {number}")
        guides.add_child(instance=GuidePage(title=f"雷公山指南 {number}", slug=f"g{number}"))
        a_place(522634200000 + number * 1000)
        Region.objects.filter(code=522634200000 + number * 1000).update(name="雷公山镇", search="'4雷公山':1")

    def cost():
        cache.clear()
        client.get("/search/?q=zzz")
        with CaptureQueriesContext(connection) as queries:
            found = client.get("/search/", {"q": "雷公山"}).context["groups"]
        return len(queries), {str(kind): len(hits) for kind, hits in found.items()}

    add(1)
    one, found = cost()
    assert len(found) == 5
    assert set(found.values()) == {1}
    add(2)
    add(3)
    three, found = cost()
    assert set(found.values()) == {3}
    assert three == one


def test_a_slip_in_a_village_s_name_is_answered_with_what_sounds_alike(client_for):
    load_leishan()
    page = client_for().get("/search/", {"q": "朗德"}).text
    assert "您要找的是不是" in page
    assert 'href="/coverage/522634103000/"' in page
    # What is found is shown as it is.
    assert "您要找的是不是" not in client_for().get("/search/", {"q": "郎德"}).text
    nothing = client_for().get("/search/", {"q": "zzzzzz"}).text
    assert "没有找到" in nothing
    assert 'href="/coverage/"' in nothing.partition("<main")[2].partition("</main>")[0]
