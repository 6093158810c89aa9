"""The form of a lot: what is bought, and where it is served, by village, township or whole county."""

import pytest
from django.urls import reverse

from marketplace.contracts.services_contract import places_of
from marketplace.procurement.notices import lot_content
from tests.factories.accounts import a_place
from tests.factories.catalog import make_product
from tests.factories.procurement import (
    make_bureau,
    make_plan,
    make_tender,
    villages,
)

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"procurement:{name}", args=args)


def test_choosing_whole_townships(now, client_for):
    from marketplace.regions.models import Region

    tender = make_tender(state="draft", lots=1, plan=make_plan(amount=900_000), now=now)
    villages(2, township=522634101000)
    Region.objects.filter(code=522634101000).update(village_count=2)
    client = client_for(tender.drafted_by)
    response = client.post(
        url("lot_new", tender.pk),
        {"title": "西江镇", "ceiling_0": "100000", "ceiling_1": "CNY", "townships": ["522634101000", "522634100000"]},
    )
    assert response.status_code == 302, response.context["form"].errors
    lot = tender.lots.get(number=2)
    # Villages of another lot are left to it.
    assert sorted(lot.regions.values_list("code", flat=True)) == [522634101201, 522634101202]


def test_a_lot_of_seats_says_how_many_and_how_much(now, client_for):
    """Two seats for a year: the contract makes a post of each, and the unit price is that of a seat's working day."""
    tender = make_tender(
        state="draft", lots=0, plan=make_plan(amount=216_000, product=make_product("PLS-03"), now=now), now=now
    )
    client = client_for(tender.drafted_by)
    typed = {"title": "中心窗口", "ceiling_0": "216,000", "ceiling_1": "CNY", "quantity": "500", "seats": "2"}
    form = client.get(url("lot_new", tender.pk)).context["form"]
    assert (form["seats"].value(), form.fields["quantity"].help_text[:13]) == (1, "按产品的计量单位：席位·工")
    for field, wrong in (("seats", "0"), ("seats", "201"), ("quantity", ""), ("quantity", "1.5")):
        refused = client.post(url("lot_new", tender.pk), typed | {field: wrong})
        assert refused.status_code == 200
        assert list(refused.context["form"].errors) == [field]
        assert not tender.lots.exists()
    assert client.post(url("lot_new", tender.pk), typed).status_code == 302
    lot = tender.lots.get()
    assert (lot.quantity, lot.seats, lot.units, lot.seat_count, len(places_of(lot))) == (500, 2, 500, 2, 2)
    assert lot_content(lot)["units"] == 500
    page = client.get(url("edit", tender.pk)).content.decode()
    assert "500 席位·工作日、2 个席位" in page
    changed = client.post(url("lot", tender.pk, 1), typed | {"seats": "3"})
    assert changed.status_code == 302
    lot.refresh_from_db()
    assert lot.seats == 3


def test_a_lot_of_villages_asks_for_no_seats(now, client_for):
    tender = make_tender(state="draft", now=now)
    form = client_for(tender.drafted_by).get(url("lot", tender.pk, 1)).context["form"]
    assert {"quantity", "seats"}.isdisjoint(form.fields)
    lot = tender.lots.get(number=1)
    assert (lot.quantity, lot.seats, lot.units) == (None, None, lot.regions.count())


def area_form(tender, **ticks):
    return {"title": "全部", "ceiling_0": "100,000", "ceiling_1": "CNY", "county": "522634000000", **ticks}


@pytest.fixture
def two_counties(now):
    """A draft of the prefecture's bureau: two villages of one county stand in lot 1; three there and two in the next are free."""
    bureau = make_bureau(region=a_place(522600000000))
    tender = make_tender(state="draft", lots=1, plan=make_plan(bureau, amount=900_000, now=now), now=now)
    free = [*villages(1, start=9), *villages(2, township=522634101000)]
    next_door = villages(2, township=522635100000)
    return tender, [v.code for v in free], [v.code for v in next_door]


def test_a_whole_county_is_all_its_villages_that_no_other_lot_has(two_counties, client_for):
    tender, free, next_door = two_counties
    client = client_for(tender.drafted_by)
    ticks = {"counties": ["522634000000"], "elsewhere": f"{next_door[0]}"}
    assert client.post(url("lot_new", tender.pk), area_form(tender, **ticks)).status_code == 302
    lot = tender.lots.get(number=2)
    assert sorted(lot.regions.values_list("code", flat=True)) == [*free, next_door[0]]
    page = client.get(url("lot", tender.pk, 2)).context["form"]
    assert [(c.region.code, c.size, c.free, c.chosen, c.whole, c.elsewhere) for c in page.counties] == [
        (522634000000, 5, 3, 3, True, ""),
        (522635000000, 2, 2, 1, False, str(next_door[0])),
    ]
    assert [(t.region.code, t.chosen, t.free, t.whole) for t in page.picker] == [
        (522634100000, 1, 1, True), (522634101000, 2, 2, True),
    ]  # fmt: skip


def test_a_refused_lot_keeps_every_tick(two_counties, client_for):
    tender, free, next_door = two_counties
    typed = area_form(tender, counties=["522635000000"], villages=[str(free[0])], townships=["522634101000"])
    response = client_for(tender.drafted_by).post(url("lot_new", tender.pk), {**typed, "ceiling_0": "1,23"})
    form = response.context["form"]
    assert list(form.errors) == ["ceiling"]
    assert form.wanted == {*free, *next_door}
    html = response.content.decode()
    assert 'value="1,23"' in html
    assert 'data-total aria-live="polite">5<' in html
    assert tender.lots.count() == 1


def test_another_county_is_looked_at_without_losing_or_judging_anything(two_counties, client_for):
    tender, free, next_door = two_counties
    typed = area_form(tender, villages=[str(free[0])], townships=["522634101000"], show="522635000000", ceiling_0="1,2")
    response = client_for(tender.drafted_by).post(url("lot_new", tender.pk), {**typed, "title": ""})
    form = response.context["form"]
    assert not form.is_bound
    assert [t.region.code for t in form.picker] == [522635100000]
    html = response.content.decode()
    assert 'value="1,2"' in html
    # All that is free of the first county is chosen: its one tick says so, instead of a list.
    assert form.counties[0].whole
    kept = area_form(tender, county="522635000000", counties=["522634000000"], villages=[str(next_door[1])])
    assert client_for(tender.drafted_by).post(url("lot_new", tender.pk), kept).status_code == 302
    codes = tender.lots.get(number=2).regions.values_list("code", flat=True)
    assert sorted(codes) == [*free, next_door[1]]


def test_what_lies_outside_of_the_buyers_area_cannot_be_ticked(two_counties, client_for):
    tender, _free, _next_door = two_counties
    outside = villages(1, township=520102001000)[0]
    client = client_for(tender.drafted_by)
    refused = client.post(url("lot_new", tender.pk), area_form(tender, villages=[str(outside.code)]))
    assert "机构管辖" in str(refused.context["form"].errors) or outside.name in str(refused.context["form"].errors)
    assert client.post(url("lot_new", tender.pk), area_form(tender, counties=["520102000000"])).status_code == 302
    assert not tender.lots.get(number=2).regions.exists()


def test_the_lot_form_costs_the_same_for_one_village_and_many(two_counties, client_for):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    tender, _free, _next_door = two_counties
    client = client_for(tender.drafted_by)

    def cost():
        client.get(url("lot_new", tender.pk))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url("lot_new", tender.pk)).status_code == 200
        return len(queries)

    before = cost()
    villages(5, start=20)
    villages(5, township=522636100000)
    assert cost() == before
