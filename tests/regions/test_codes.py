"""The arithmetic of division codes, and names read from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.regions import codes, romanise
from marketplace.regions.models import Region, VillageKind

LANGDE = 522634103201


@st.composite
def any_code(draw):
    """A code of any level, every digit group drawn apart."""
    level = draw(st.integers(1, 5))
    groups = [draw(st.integers(11, 65)), draw(st.integers(1, 90)), draw(st.integers(1, 99))]
    groups += [draw(st.integers(1, 999)), draw(st.integers(1, 599))]
    widths = [10**10, 10**8, 10**6, 10**3, 1]
    return sum(group * width for group, width in list(zip(groups, widths, strict=True))[:level])


@given(any_code())
def test_a_code_lies_in_the_range_of_each_of_its_ancestors(code):
    level = codes.level_of(code)
    above = codes.ancestor_codes(code)
    assert [codes.level_of(a) for a in above] == list(range(1, level))
    for ancestor in above:
        low, high = codes.code_range(ancestor)
        assert low < code < high
    low, high = codes.code_range(code)
    assert low == code
    assert not any(low <= a < high for a in above)


def test_ancestors_of_a_village():
    assert codes.ancestor_codes(LANGDE) == [520000000000, 522600000000, 522634000000, 522634103000]
    assert codes.parent_code(LANGDE) == 522634103000
    assert codes.parent_code(520000000000) is None
    assert codes.code_range(522634000000) == (522634000000, 522635000000)
    assert codes.code_range(codes.NATION) == (0, 10**12)


def test_a_city_without_counties_is_its_own_county():
    town = 441900003000
    assert codes.ancestor_codes(town) == [440000000000, 441900000000]
    assert codes.parent_code(town) == 441900000000


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (522634100003, VillageKind.COMMUNITY),
        (522634100200, VillageKind.VILLAGE),
        (110109004400, VillageKind.LIKE_COMMUNITY),
        (110109004500, VillageKind.LIKE_VILLAGE),
        (522634100000, None),
    ],
)
def test_the_kind_of_a_village_stands_in_its_code(code, kind):
    assert Region(code=code, level=codes.level_of(code)).village_kind == kind


@pytest.mark.parametrize(
    ("official", "short"),
    [
        ("西门村村民委员会", "西门村"),
        ("城南社区居民委员会", "城南社区"),
        ("东华门社区居委会", "东华门社区"),
        ("河西村委会", "河西村"),
        ("木厂村民委员会", "木厂村"),
        ("白音希勒嘎查委员会", "白音希勒嘎查"),
        ("垆上居委会", "垆上居委会"),
        ("团结村", "团结村"),
        ("长山农场生活区", "长山农场生活区"),
    ],
)
def test_the_name_people_use(official, short):
    assert romanise.short_name(official) == short


@pytest.mark.parametrize(
    ("name", "level", "english"),
    [
        ("贵州省", 1, "Guizhou"),
        ("内蒙古自治区", 1, "Inner Mongolia"),
        ("陕西省", 1, "Shaanxi"),
        ("黔东南苗族侗族自治州", 2, "Qiandongnan Miao and Dong Autonomous Prefecture"),
        ("西安市", 2, "Xi'an City"),
        ("吕梁市", 2, "Lüliang City"),
        ("重庆市", 1, "Chongqing"),
        ("雷山县", 3, "Leishan County"),
        ("单县", 3, "Shanxian County"),
        ("长子县", 3, "Zhangzi County"),
        ("龙胜各族自治县", 3, "Longsheng Multi-ethnic Autonomous County"),
        ("科尔沁左翼中旗", 3, "Ke'erqin Left Middle Banner"),
        ("郎德镇", 4, "Langde Town"),
        ("望丰乡", 4, "Wangfeng Township"),
        ("龙头街道", 4, "Longtou Subdistrict"),
        ("达地水族乡", 4, "Dadi Sui Ethnic Township"),
        ("上郎德村", 5, "Shanglangde Village"),
        ("郎德上寨村", 5, "Langde Shangzhai Village"),
        ("西江社区", 5, "Xijiang Community"),
        ("大固鲁村", 5, "Dagulu Village"),
        ("乌吉民村", 5, "Wujimin Village"),
        ("第十二社区", 5, "No. 12 Community"),
        ("丁村", 5, "Dingcun Village"),
        ("永安村", 5, "Yong'an Village"),
    ],
)
def test_names_on_english_pages(name, level, english):
    assert romanise.english_name(0, level, name, romanise.romanise(name, level).display) == english


def test_every_tail_of_a_name_can_be_searched():
    assert romanise.romanise("上郎德村", 5).lexemes == (
        "5decun", "5langdecun", "5shanglangdecun", "5上郎德村", "5德村", "5郎德村",
    )  # fmt: skip
    # ü is typed as v or as u
    assert {"2lvliangshi", "2luliangshi"} <= set(romanise.romanise("吕梁市", 2).lexemes)
