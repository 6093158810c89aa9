"""Finding places, the form field, and corrections by staff."""

from datetime import UTC, datetime

import pytest
from django import forms as django_forms

from marketplace.accounts.models import User
from marketplace.audit.models import Event
from marketplace.core.errors import PermissionRefused
from marketplace.regions import forms, geo, selectors, services
from marketplace.regions.errors import NotACounty, PlaceOutsideChina
from marketplace.regions.models import Region, Tier
from marketplace.regions.search import search_hits, search_regions, similar_regions
from tests.factories.regions import KAILI, LEISHAN, QIANDONGNAN, load_leishan, village

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(autouse=True)
def leishan():
    return load_leishan()


def names(text, **kw):
    return [region.name for region in search_regions(text, **kw)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("郎德", ["郎德镇", "上郎德村", "下郎德村"]),
        ("langde", ["郎德镇", "下郎德村", "上郎德村"]),
        ("LangDe ", ["郎德镇", "下郎德村", "上郎德村"]),
        ("上郎德村村民委员会", ["上郎德村"]),
        ("shanglang", ["上郎德村"]),
        ("雷山县郎德镇上郎德村", ["上郎德村"]),
        ("贵州黔东南雷山上郎德", ["上郎德村"]),
        ("leishan shanglangde village", ["上郎德村"]),
        ("Qiandongnan", ["黔东南苗族侗族自治州"]),
        ("522634000000", ["雷山县"]),
        ("522634000000 雷山县", ["雷山县"]),
        ("999999999999", []),
        ("不存在", []),
        ("", []),
        ("'; DROP TABLE regions_region --", []),
        ("\\':*&|!<->", []),
    ],
)
def test_what_is_found_and_in_which_order(text, found):
    assert sorted(names(text)) == sorted(found)
    assert names(text)[:1] == found[:1]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("朗德", "郎德镇"),  # sounds alike
        ("郎得镇", "郎德镇"),
        ("郎德上寨", "上郎德村"),  # as people say it
        ("langdeshangzhai", "郎德镇"),
        ("Lang De Xx", "郎德镇"),
    ],
)
def test_a_slip_in_a_name_finds_what_sounds_or_begins_alike(text, first):
    assert names(text) == []
    assert [region.name for region in similar_regions(text)][:1] == [first]


@pytest.mark.parametrize(
    "text", ["", "哦", "x" * 3000, "'; DROP TABLE regions_region --", "\\':*&|!<->", "zzzzzzzz", "%", "_", "123"]
)
def test_nothing_is_like_nonsense_and_nonsense_costs_little(text, django_assert_max_num_queries):
    with django_assert_max_num_queries(30):
        assert similar_regions(text) == []


def test_search_within_a_level_or_a_place():
    assert names("西江", levels=(4,)) == ["西江镇"]
    assert names("社区", under=522634101000) == []
    assert names("村", under=522634101000, limit=2, levels=(5,)) == []
    assert "西江村" in names("西江", under=522634101000)
    assert names("西江", under=522634103000) == []
    assert len(names("乌", limit=5)) == 5


class PlaceForm(django_forms.Form):
    place = forms.RegionField(levels=(5,), under=LEISHAN)


@pytest.mark.parametrize(
    "text",
    [
        "522634100222",
        "522634100222 小固鲁村",
        "小固鲁村（522634100222）",
        "Xiaogulu (522634100222)",
        "小固鲁村",
        "xiaogulu",
        "雷山县小固鲁村",
    ],
)
def test_the_field_takes_a_code_a_proposal_or_a_name(text):
    form = PlaceForm({"place": text})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["place"].code == 522634100222


def test_the_field_refuses_what_it_does_not_know():
    for text in ("无此村", "522634000000", "110101001001"):
        form = PlaceForm({"place": text})
        assert form.errors.as_data()["place"][0].code == "unknown_division"
        assert "12 位代码" in str(form.errors["place"])


def test_the_field_names_those_it_cannot_tell_apart():
    form = PlaceForm({"place": "岩寨村"})
    error = form.errors.as_data()["place"][0]
    assert error.code == "ambiguous_division"
    assert "永乐镇" in str(error.message)
    assert "大塘镇" in str(error.message)


def test_the_field_shows_what_it_holds():
    field = PlaceForm(initial={"place": village(0)})["place"]
    assert 'value="城南社区（522634001001）"' in str(field)
    assert 'value="城南社区（522634001001）"' in str(PlaceForm(initial={"place": 522634001001})["place"])
    assert "/places/suggest?field=place&amp;levels=5&amp;under=522634000000" in str(field)


def test_paths_leave_out_levels_that_stand_only_in_the_code(django_assert_num_queries):
    for code, level, name in ((110000000000, 1, "北京市"), (110100000000, 2, "市辖区"), (110101000000, 3, "东城区")):
        Region.objects.create(code=code, level=level, name=name, official_name=name, pinyin="", search="")
    district = Region.objects.get(code=110101000000)
    with django_assert_num_queries(1):
        assert [r.name for r in selectors.path(district)] == ["北京市"]
    assert [r.name for r in selectors.ancestors(110101000000)] == ["北京市", "市辖区"]


def test_the_tree_by_code_ranges():
    assert selectors.counts_by_level(0) == {1: 1, 2: 1, 3: 1, 4: 9, 5: 166}
    assert selectors.counts_by_level(LEISHAN) == {4: 9, 5: 166}
    assert selectors.counts_by_level(village(0).code) == {}
    assert selectors.descendants(522634101000, level=5).count() == 22
    assert selectors.descendants(0).count() == 178
    assert [r.code for r in selectors.children(520000000000)] == [QIANDONGNAN]
    assert [r.name for r in selectors.ancestors(village(0).code)] == [
        "贵州省",
        "黔东南苗族侗族自治州",
        "雷山县",
        "龙头街道",
    ]


def test_distance_and_time_on_the_road():
    # Beijing to Shanghai: 1,067 km on the sphere.
    assert geo.great_circle_km(116.4074, 39.9042, 121.4737, 31.2304) == pytest.approx(1067, abs=1)
    assert geo.great_circle_km([108.14, 108.14], [26.305, 26.305], 108.14, 26.305).tolist() == [0, 0]
    assert geo.travel_minutes([0, 10], 40).tolist() == [5, 24.5]


def test_the_speed_of_a_county_is_its_own_or_its_tiers(staff):
    load_leishan(prefecture=True)
    assert selectors.county_speeds([LEISHAN, KAILI]) == {LEISHAN: 32, KAILI: 40}
    services.set_county_tier(actor=staff, code=LEISHAN, tier=Tier.FORMERLY_POOR, basis="示例", travel_kmh=25, now=NOW)
    assert selectors.county_speeds([LEISHAN, KAILI]) == {LEISHAN: 25, KAILI: 40}
    kaili, leishan = Region.objects.get(code=KAILI), Region.objects.get(code=LEISHAN)
    km = float(geo.great_circle_km(kaili.longitude, kaili.latitude, leishan.longitude, leishan.latitude))
    assert selectors.travel_minutes_between(kaili, leishan) == pytest.approx(5 + 1.3 * 60 * km / 25)


@pytest.fixture
def staff():
    return User.objects.create(username="staff", display_name="李示例", is_staff=True)


@pytest.fixture
def outsider():
    """Nearly allowed: logged in, but not staff."""
    return User.objects.create(username="outsider", display_name="张示例")


def test_a_correction_is_recorded(staff):
    before = village(3)
    services.correct_location(actor=staff, code=before.code, longitude=108.2, latitude=26.4, reason="实地测量", now=NOW)
    after = village(3)
    assert (after.longitude, after.latitude, after.location_source) == (108.2, 26.4, "corrected")
    event = Event.objects.get(action="region.correct_location")
    assert (event.actor, event.reason, event.subject_id) == (staff, "实地测量", str(before.code))
    assert event.data == {
        "from": f"{before.longitude}, {before.latitude} (estimated)", "to": "108.2, 26.4 (corrected)"
    }  # fmt: skip


def test_a_tier_holds_for_everything_in_the_county(staff):
    services.set_county_tier(actor=staff, code=LEISHAN, tier=Tier.ORDINARY, basis="示例名单", now=NOW)
    assert set(Region.objects.under(LEISHAN).values_list("tier", flat=True)) == {"ordinary"}
    assert Region.objects.get(code=QIANDONGNAN).tier == "western"
    services.set_county_tier(actor=staff, code=LEISHAN, tier="", basis="示例名单", now=NOW)
    assert set(Region.objects.under(LEISHAN).values_list("tier", flat=True)) == {"western"}


def test_what_is_refused_changes_nothing(staff, outsider):
    before = list(Region.objects.values_list())
    with pytest.raises(PermissionRefused):
        services.correct_location(actor=outsider, code=LEISHAN, longitude=108, latitude=26, reason="x", now=NOW)
    with pytest.raises(PermissionRefused):
        services.set_county_tier(actor=outsider, code=LEISHAN, tier="ordinary", basis="x", now=NOW)
    with pytest.raises(PlaceOutsideChina):
        services.correct_location(actor=staff, code=LEISHAN, longitude=26, latitude=108, reason="x", now=NOW)
    with pytest.raises(NotACounty):
        services.set_county_tier(actor=staff, code=QIANDONGNAN, tier="ordinary", basis="x", now=NOW)
    assert list(Region.objects.values_list()) == before
    assert not Event.objects.exists()


def test_who_looks_for_a_village_lands_on_the_page_of_its_adviser():
    wanted = village(0)
    assert f"/coverage/{wanted.code}/" in [hit.url for hit in search_hits(wanted.name, None, 20)]
    assert [hit.url for hit in search_hits("郎德镇", None, 1)] == ["/coverage/522634103000/"]
    assert [hit.url for hit in search_hits("雷山县", None, 1)] == [f"/places/{LEISHAN}/"]


def test_the_code_behind_a_long_name_is_found():
    text = "Qiandongnan Miao and Dong Autonomous Prefecture, Guizhou (522634000000)"
    assert [region.name for region in search_regions(text)] == ["雷山县"]
