"""Loading divisions: what the file says, idempotence, what staff corrected, and refusal of malformed files."""

import lzma
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from marketplace.accounts.models import User
from marketplace.regions import geo, services
from marketplace.regions.divisions_file import EXPECTED_COUNTS, MalformedFile, read_divisions
from marketplace.regions.importing import import_divisions
from marketplace.regions.management.commands import import_regions
from marketplace.regions.models import CountySetting, DivisionsImport, Region, Tier
from tests.factories.regions import LEISHAN, QIANDONGNAN, divisions, load_leishan, village

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, tzinfo=UTC)
HEADER = "code,level,name,lon,lat\n"
GUIZHOU = "520000000000,1,贵州省,106.7,26.6\n522600000000,2,黔东南苗族侗族自治州,107.98,26.58\n"
COUNTY = "522634000000,3,雷山县,108.14,26.305\n"


@pytest.fixture
def staff():
    return User.objects.create(username="staff", display_name="李示例", is_staff=True)


def table():
    return list(Region.objects.order_by("code").values_list())


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "divisions.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_leishan_as_published():
    county = load_leishan()
    assert (county.name, county.child_count, county.village_count) == ("雷山县", 9, 166)
    assert (county.longitude, county.latitude, county.location_source) == (108.14, 26.305, "official")
    assert county.tier == Tier.FORMERLY_POOR
    assert Region.objects.count() == 2 + 1 + 9 + 166
    first = village(6)
    assert (first.code, first.name, first.official_name) == (
        522634100004,
        "教厂坝社区",
        "教厂坝社区居民委员会",
    ) or first.level == 5
    last = Region.objects.get(name="达地水族乡")
    assert (last.name, last.name_en, last.village_count) == ("达地水族乡", "Dadi Sui Ethnic Township", 11)


def test_estimated_places_are_near_apart_and_the_same_every_time():
    load_leishan()
    places = np.array(Region.objects.under(LEISHAN, level=5).values_list("longitude", "latitude"))
    km = geo.great_circle_km(places[:, 0], places[:, 1], 108.14, 26.305)
    assert km.max() < 30
    assert len({tuple(place) for place in places.tolist()}) == 166
    assert set(Region.objects.under(LEISHAN).values_list("location_source", flat=True)) == {"estimated"}
    before = table()
    CountySetting.objects.all().delete()
    Region.objects.all().delete()
    load_leishan()
    assert table() == before


def test_a_second_import_changes_nothing():
    load_leishan()
    before, imports = table(), DivisionsImport.objects.count()
    outcome = import_divisions(divisions=divisions(), under=LEISHAN, now=NOW)
    assert (outcome.added, outcome.changed, outcome.read) == (0, 0, 178)
    assert table() == before
    assert DivisionsImport.objects.count() == imports


def test_a_wider_import_keeps_what_is_there_and_counts_anew():
    load_leishan()
    assert Region.objects.get(code=QIANDONGNAN).village_count == 166
    load_leishan(prefecture=True)
    assert Region.objects.get(code=QIANDONGNAN).village_count == 2438
    assert Region.objects.get(code=QIANDONGNAN).child_count == 16
    assert Region.objects.get(code=520000000000).village_count == 2438


def test_a_changed_row_is_repaired():
    load_leishan()
    before = table()
    Region.objects.filter(code=522634100200).update(name="错", official_name="错", tier=Tier.ORDINARY, longitude=100)
    Region.objects.filter(code=522634000000).update(village_count=1)
    outcome = import_divisions(divisions=divisions(), under=LEISHAN, now=NOW)
    assert (outcome.added, outcome.changed) == (0, 1)
    assert table() == before


def test_an_import_keeps_what_staff_corrected(staff):
    load_leishan()
    services.correct_location(actor=staff, code=522634100222, longitude=108.2, latitude=26.4, reason="实地", now=NOW)
    services.set_county_tier(actor=staff, code=LEISHAN, tier="", basis="示例", now=NOW)
    import_divisions(divisions=divisions(), under=LEISHAN, now=NOW)
    corrected = Region.objects.get(code=522634100222)
    assert (corrected.longitude, corrected.latitude, corrected.location_source) == (108.2, 26.4, "corrected")
    assert corrected.tier == Tier.WESTERN


def test_a_division_that_left_the_file_is_kept_and_counted(tmp_path):
    import_divisions(divisions=read_divisions(write(tmp_path, HEADER + GUIZHOU + COUNTY)), now=NOW)
    outcome = import_divisions(divisions=read_divisions(write(tmp_path, HEADER + GUIZHOU)), now=NOW)
    assert outcome.missing == 1
    assert Region.objects.filter(code=LEISHAN).exists()


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("code;level\n", 1, "表头"),
        (HEADER, 2, "没有区划"),
        (HEADER + GUIZHOU + "522634000000,3,雷山县,108.14\n", 4, "实有 4 个"),
        (HEADER + GUIZHOU + "52263400000,3,雷山县,,\n", 4, "12 位代码"),
        (HEADER + GUIZHOU + "５２2634000000,3,雷山县,,\n", 4, "12 位代码"),
        (HEADER + GUIZHOU + "522634000000,4,雷山县,,\n", 4, "不属于级别"),
        (HEADER + GUIZHOU + "522634000000,,雷山县,,\n", 4, "不属于级别"),
        (HEADER + GUIZHOU + "522634000000,3, ,,\n", 4, "1 至 60 个字"),
        (HEADER + GUIZHOU + "522634000000,3,雷\\山,,\n", 4, "1 至 60 个字"),
        (HEADER + GUIZHOU + "522634000000,3,雷山县,26.305,108.14\n", 4, "不是中国境内的经纬度"),
        (HEADER + GUIZHOU + "522634000000,3,雷山县,108.14,\n", 4, "不是中国境内的经纬度"),
        (HEADER + GUIZHOU + "522634000000,3,雷山县,nan,nan\n", 4, "不是中国境内的经纬度"),
        (HEADER + GUIZHOU + COUNTY + COUNTY, 5, "重复"),
        (HEADER + GUIZHOU + "522634101000,4,西江镇,,\n", 4, "522634000000"),
        (HEADER + GUIZHOU + '522634000000,3,"雷山县,,\n', 4, "unexpected end"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(tmp_path, text, line, reason):
    load_leishan()
    before = table()
    with pytest.raises(CommandError) as refused:
        call_command("import_regions", path=write(tmp_path, text))
    assert f"第 {line} 行" in str(refused.value)
    assert reason in str(refused.value)
    assert table() == before


def test_a_file_that_is_no_archive_is_refused(tmp_path):
    path = tmp_path / "divisions.csv.xz"
    path.write_bytes(lzma.compress(b"code,level")[:-8])
    with pytest.raises(MalformedFile):
        read_divisions(path)
    with pytest.raises(MalformedFile):
        read_divisions(tmp_path / "absent.csv")


def test_the_command_knows_no_division_outside_the_file(tmp_path):
    with pytest.raises(CommandError, match="no division 529999000000"):
        call_command("import_regions", path=write(tmp_path, HEADER + GUIZHOU), under=529999000000)
    assert not Region.objects.exists()


def test_the_whole_country(capsys, monkeypatch):
    """Twice through the command; the file is read once (its reading is the same), for it takes longest."""
    monkeypatch.setattr(import_regions, "read_divisions", lambda path: divisions())
    call_command("import_regions")
    counts = {level: Region.objects.at_level(level).count() for level in EXPECTED_COUNTS}
    assert counts == EXPECTED_COUNTS
    call_command("import_regions")
    assert "0 new, 0 changed, 665,271 as before" in capsys.readouterr().out
    call_command("check_regions")
    assert "BROKEN" not in capsys.readouterr().out
    dongguan = Region.objects.get(code=441900000000)
    assert [r.level for r in Region.objects.children_of(dongguan.code)[:2]] == [4, 4]
    assert Region.objects.children_of(dongguan.code).count() == dongguan.child_count == 36


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE regions_region SET level = 4 WHERE code = 522634100200", "region_level_matches_code"),
        ("UPDATE regions_region SET level = 2 WHERE code = 520000000000", "region_level_matches_code"),
        ("UPDATE regions_region SET latitude = NULL WHERE code = 522634100200", "region_place_is_whole"),
        ("UPDATE regions_region SET location_source = 'none' WHERE code = 522634100200", "region_place_is_whole"),
        ("UPDATE regions_countysetting SET travel_kmh = 300 WHERE county_id = 522634000000", "county_speed_plausible"),
    ],
)
def test_the_database_itself_refuses(statement, constraint):
    load_leishan()
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ({"child_count": 3}, "directly below are counted"),
        ({"village_count": 3}, "the villages are counted"),
        ({"tier": "ordinary"}, "county's own tier holds"),
        ({"search": ""}, "found by its name"),
    ],
)
def test_the_check_names_what_is_broken(capsys, damage, said):
    load_leishan()
    call_command("check_regions")
    Region.objects.filter(code=LEISHAN).update(**damage)
    with pytest.raises(CommandError):
        call_command("check_regions")
    broken = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith("BROKEN") or "522634000000" in line
    ]
    assert said in "".join(broken)
    assert "522634000000" in "".join(broken)
