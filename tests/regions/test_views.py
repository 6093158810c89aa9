"""Browsing the places: every level, a fixed number of queries, proposals, files, and corrections by staff."""

import csv
import io

import pytest

from marketplace.accounts.models import User
from marketplace.core.search import search
from marketplace.regions import selectors, views
from marketplace.regions.models import Region
from tests.factories.regions import LEISHAN, QIANDONGNAN, XIJIANG, load_leishan, village

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def leishan():
    return load_leishan()


@pytest.fixture
def staff():
    return User.objects.create(username="staff", display_name="李示例", is_staff=True)


def page(client, address, status=200):
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


def test_from_the_nation_to_a_village(client_for):
    client = client_for()
    assert "贵州省" in page(client, "/places/")
    assert 'href="/places/522634000000/"' in page(client, f"/places/{QIANDONGNAN}/")
    county = page(client, f"/places/{LEISHAN}/")
    assert all(text in county for text in ("西江镇", "166", "脱贫县", 'href="/coverage/522634000000/"'))
    assert "控拜村" in page(client, f"/places/{XIJIANG}/")
    place = page(client, f"/places/{village(20).code}/")
    assert all(text in place for text in (village(20).official_name, "估算", "雷山县", "距县城路程"))
    assert "/edit/" not in place


def test_in_english(client_for):
    county = page(client_for(language="en"), f"/places/{LEISHAN}/")
    assert all(
        text in county for text in ("Leishan County", "Dadi Sui Ethnic Township", "Guizhou", "lifted out of poverty")
    )


def test_an_unknown_division_is_not_found(client_for):
    for address in ("/places/999999999999/", "/places/1/", "/places/1/places.csv", "/places/99999999999999999999999/"):
        page(client_for(), address, 404)


@pytest.mark.parametrize("address", ["/places/", f"/places/{LEISHAN}/", f"/places/{XIJIANG}/", "/places/?q=乌"])
def test_the_number_of_queries_does_not_grow(client_for, django_assert_num_queries, address):
    client = client_for()
    page(client, address)
    expected = {"/places/": 4, f"/places/{LEISHAN}/": 7, f"/places/{XIJIANG}/": 5, "/places/?q=乌": 3}[address]
    with django_assert_num_queries(expected):
        page(client, address)
    load_leishan(prefecture=True)
    with django_assert_num_queries(expected):
        page(client, address)


def test_pages_of_a_long_list(client_for, monkeypatch):
    monkeypatch.setattr(views, "PAGE_SIZE", 10)
    rows = [page(client_for(), f"/places/{XIJIANG}/?page={n}").count("<tr>") - 1 for n in (1, 2, 3, "nonsense", 99)]
    assert rows == [10, 10, 2, 10, 2]


def test_a_search_with_one_answer_goes_there(client_for):
    response = client_for().get("/places/?q=shanglangde")
    assert (response.status_code, response["Location"]) == (302, "/places/522634103201/")
    found = page(client_for(), "/places/?q=西江")
    assert "西江镇" in found
    assert "西江村" in found
    assert "换" not in found
    assert "没有找到" in page(client_for(), "/places/?q=<script>")


def test_a_municipality_lists_its_districts(client_for):
    for code, level, name, children in (
        (110000000000, 1, "北京市", 1),
        (110100000000, 2, "市辖区", 2),
        (110101000000, 3, "东城区", 0),
        (110102000000, 3, "西城区", 0),
    ):
        Region.objects.create(
            code=code, level=level, name=name, official_name=name, pinyin=name, search="", child_count=children
        )
    beijing = page(client_for(), "/places/110000000000/")
    assert "东城区" in beijing
    assert "西城区" in beijing
    assert "市辖区" not in page(client_for(), "/places/110101000000/")
    # What stands only in the code is no city: it is neither counted nor listed.
    assert "地市" not in beijing
    assert "县（市、区）" in beijing


def test_a_municipality_with_districts_and_counties_lists_them_at_once(client_for):
    for code, level, name, children in (
        (500000000000, 1, "重庆市", 2),
        (500100000000, 2, "市辖区", 1),
        (500101000000, 3, "万州区", 0),
        (500200000000, 2, "县", 1),
        (500229000000, 3, "城口县", 0),
    ):
        Region.objects.create(
            code=code, level=level, name=name, official_name=name, pinyin=name, search="", child_count=children
        )
    chongqing = page(client_for(), "/places/500000000000/")
    assert all(text in chongqing for text in ("万州区", "城口县"))
    assert "市辖区" not in chongqing
    text = b"".join(client_for().get("/places/500000000000/places.csv").streaming_content).decode("utf-8-sig")
    assert [row["名称"] for row in csv.DictReader(io.StringIO(text))] == ["万州区", "城口县"]
    assert selectors.counts_by_level(0)[2] == 1


def test_a_position_is_told_in_words_and_no_finer_than_it_is_known(client_for):
    Region.objects.filter(code=LEISHAN).update(longitude=108.2, latitude=26.3778, location_source="official")
    county = page(client_for(), f"/places/{LEISHAN}/")
    assert all(text in county for text in ("东经 108.2°", "北纬 26.3778°", "公开资料"))
    assert "108.2° E" in page(client_for(language="en"), f"/places/{LEISHAN}/")


def test_the_table_of_the_nation_says_what_it_lacks(client_for):
    assert "暂未包括香港、澳门特别行政区和台湾省" in page(client_for(), "/places/")


def test_the_file_of_a_county(client_for):
    response = client_for().get(f"/places/{LEISHAN}/places.csv")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["名称"] for row in rows][:3] == ["龙头街道", "丹江镇", "西江镇"]
    assert rows[2]["村（社区）"] == "22"
    assert rows[2]["位置来源"] == "估算"


def test_proposals_for_forms(client_for):
    results = client_for().get("/places/suggest?q=shanglangde").json()["results"]
    assert results == [
        {
            "code": 522634103201,
            "name": "上郎德村",
            "level": 5,
            "path": "贵州省 · 黔东南苗族侗族自治州 · 雷山县 · 郎德镇",
            "value": "上郎德村（522634103201）",
        }
    ]
    asked = "/places/suggest?field=home-place&home-place=shanglangde&levels=5&under=522634000000"
    options = client_for().get(asked, headers={"HX-Request": "true"}).content.decode()
    assert options.strip() == (
        '<option value="上郎德村（522634103201）">贵州省 · 黔东南苗族侗族自治州 · 雷山县 · 郎德镇</option>'
    )
    for bad in ("", "?q=", "?field=x", "?levels=9,x&q=a", "?under=abc&q=西江", "?under=²²²²²²²²²²²²&q=西江", "?q=%00"):
        assert client_for().get(f"/places/suggest{bad}").status_code == 200


def test_the_search_box_of_the_site_knows_places():
    hits = search("shanglangde", None)
    # Who looks for a village, or its township, wants to see the adviser.
    assert ("上郎德村", "/coverage/522634103201/") in [(hit.title, hit.url) for hit in hits]
    assert ("西江镇", f"/coverage/{XIJIANG}/") in [(hit.title, hit.url) for hit in search("西江镇", None)]


def test_staff_correct_a_place_and_a_county(client_for, staff):
    client = client_for(staff)
    assert "更正雷山县的位置" in page(client, f"/places/{LEISHAN}/edit/")
    sent = {"form": "location", "longitude": "108.2", "latitude": "26.4", "reason": "实地"}
    assert client.post(f"/places/{LEISHAN}/edit/", sent).status_code == 302
    assert Region.objects.get(code=LEISHAN).location_source == "corrected"
    sent = {"form": "county", "tier": "ordinary", "travel_kmh": "45", "basis": "示例名单"}
    assert client.post(f"/places/{LEISHAN}/edit/", sent).status_code == 302
    assert village(0).tier == "ordinary"
    assert "45 公里/小时" in page(client, f"/places/{LEISHAN}/")


@pytest.mark.parametrize(
    "sent",
    [
        {"form": "location", "longitude": "26.4", "latitude": "108.2", "reason": "x"},
        {"form": "location", "longitude": "nan", "latitude": "26", "reason": "x"},
        {"form": "location", "longitude": "108", "latitude": "26", "reason": ""},
        {"form": "county", "tier": "rich", "basis": "x"},
        {"form": "county", "tier": "ordinary", "travel_kmh": "500", "basis": "x"},
        {"form": "county", "tier": "ordinary", "basis": ""},
        {},
    ],
)
def test_wrong_input_is_shown_again_and_changes_nothing(client_for, staff, sent):
    before = list(Region.objects.values_list())
    assert client_for(staff).post(f"/places/{LEISHAN}/edit/", sent).status_code == 200
    assert list(Region.objects.values_list()) == before


def test_others_cannot_correct(client_for):
    outsider = User.objects.create(username="outsider", display_name="张示例")
    sent = {"form": "location", "longitude": "108.2", "latitude": "26.4", "reason": "实地"}
    assert client_for(outsider).post(f"/places/{LEISHAN}/edit/", sent).status_code == 404
    assert client_for().post(f"/places/{LEISHAN}/edit/", sent).status_code == 302
    assert Region.objects.get(code=LEISHAN).location_source == "official"
