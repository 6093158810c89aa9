from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import Site

from marketplace.core import clock
from tests.factories.procurement import make_bureau, make_tender
from tests.factories.regions import LEISHAN, load_leishan
from volunteers.models import Opportunity, Shift

pytestmark = pytest.mark.django_db


@pytest.fixture
def county():
    load_leishan()
    call_command("load_pages", county=LEISHAN, verbosity=0)
    Site.clear_site_root_paths_cache()


def call(bureau, title, *, places=2, taken=0):
    now = clock.now()
    opportunity = Opportunity.objects.create(
        organiser=bureau.organisation,
        host=bureau.organisation,
        kind="duty",
        title=title,
        description="法律咨询",
        region=bureau.organisation.region,
        state="open",
        created_by=bureau.officer,
        created_at=now,
    )
    Shift.objects.create(
        opportunity=opportunity,
        starts_at=now + timedelta(days=2),
        ends_at=now + timedelta(days=2, hours=4),
        places=places,
        taken=taken,
    )


def test_the_front_page_shows_the_county_what_is_procured_and_who_is_wanted(county, client_for):
    bureau = make_bureau()
    tender = make_tender(bureau, lots=2, ceiling=300_000)
    make_tender(bureau, state="approved", lots=1, ceiling=77_000)
    call(bureau, "赶集日法律咨询")
    call(bureau, "婚姻调解", taken=2)
    html = client_for().get("/").content.decode()
    assert f'href="/procurement/{tender.pk}/"' in html
    assert "¥600,000" in html
    assert "还剩" in html
    assert "¥77,000" not in html  # approved, but not yet published
    assert html.index("赶集日法律咨询") < html.index("余 2 位") < html.index("可候补")
    assert html.count('href="/coverage/522634') > 166


def test_the_front_page_costs_the_same_with_more_on_it(county, client_for):
    bureau = make_bureau()

    def queries():
        client_for().get("/")
        with CaptureQueriesContext(connection) as captured:
            assert client_for().get("/").status_code == 200
        return len(captured)

    make_tender(bureau)
    call(bureau, "一")
    one = queries()
    for title in ("二", "三"):
        make_tender(bureau)
        call(bureau, title)
    assert queries() == one


def test_an_empty_marketplace_explains_itself(client_for):
    html = client_for(language="en").get("/").content.decode()
    assert "How a village gets its adviser" in html
    assert "Being procured" not in html
