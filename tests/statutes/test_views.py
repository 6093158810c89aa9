"""The calendar, the calculator and the numbers of the law as pages."""

from datetime import date, datetime

import pytest
from django.core.management import CommandError, call_command

from marketplace.accounts.models import OrganisationKind, Role, User
from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.regions.models import Region
from marketplace.statutes.deadlines import CHINA
from marketplace.statutes.loading import load_parameters
from marketplace.statutes.models import CalendarDay, CalendarYear, StatutoryParameter, StatutoryRule
from marketplace.statutes.workspace import work_items
from tests.factories.accounts import make_member, make_organisation
from tests.factories.regions import load_leishan

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_a_working_day():
    with clock.rehearse(datetime(2026, 11, 23, 10, tzinfo=CHINA)):
        yield


@pytest.fixture
def staff():
    return User.objects.create(username="staff", display_name="李示例", is_staff=True)


@pytest.fixture
def outsider():
    return User.objects.create(username="outsider", display_name="张示例")


def page(client, address, status=200):
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


def test_the_present_year(client_for, django_assert_num_queries):
    client = client_for()
    page(client, "/calendar/")
    with django_assert_num_queries(3):
        shown = page(client, "/calendar/")
    assert all(text in shown for text in ("2026 年工作日", "248", "国庆节", "10 月 10 日"))
    assert "暂定" not in shown
    assert "/calendar/day/" not in shown


def test_a_month_of_the_year_is_no_month_of_shifts(client_for):
    """The roster's component is `.month`; a year at a glance has its own class, or each lays out the other."""
    shown = page(client_for(), "/calendar/")
    assert shown.count('<section class="year-month">') == 12
    assert 'class="month"' not in shown


def test_a_provisional_year_says_so(client_for):
    assert "国务院办公厅尚未公布 2027 年节假日安排" in page(client_for(), "/calendar/2027/")
    assert "has not yet announced the holidays of 2027" in page(client_for(language="en"), "/calendar/2027/")


def test_addresses_that_do_not_exist(client_for, staff):
    for address in ("/calendar/1999/", "/calendar/2099.csv", "/calendar/99999999/", "/calendar/day/2026-02-30/"):
        page(client_for(staff), address, 404)


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("rule=open_submission&start=2026-09-11", "2026年10月8日"),
        ("rule=challenge_file&start=2026-02-12", "2026年2月28日"),
        ("rule=challenge_file&start=2026-12-30", "暂定"),
        ("rule=enquiry_answer&start=2026-11-20&place=522634000000", "第五十二条"),
    ],
)
def test_the_calculator_answers_with_its_reason(client_for, query, answer):
    load_leishan()
    shown = page(client_for(), f"/calendar/count/?{query}")
    assert answer in shown
    assert "为什么是这一天" in shown


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("rule=open_submission&start=", "必填"),
        ("rule=nonsense&start=2026-09-11", "选择"),
        ("rule=bid_bond_max&start=2026-09-11", "选择"),
        ("rule=payment_due&start=2020-09-11", "没有有效数值"),
        ("rule=open_submission&start=2036-12-30", "系统不作猜测"),
        ("rule=open_submission&start=9999-12-31", "系统不作猜测"),
        ("rule=open_submission&start=0001-01-01", "没有有效数值"),
        ("rule=open_submission&start=2026-09-11&place=无此地", "没有此名称或代码"),
    ],
)
def test_the_calculator_says_what_is_wrong(client_for, query, said):
    shown = page(client_for(), f"/calendar/count/?{query}")
    assert said in shown
    assert "为什么是这一天" not in shown


def test_the_numbers_of_a_day(client_for, django_assert_num_queries):
    client = client_for()
    shown = page(client, "/calendar/rules/")
    assert "财库〔2022〕19号" in shown
    assert all(
        words in shown
        for words in ("10%", "3 家供应商", "1 个工作日", "每日 0.05%", "¥2,000,000", "2022 年 7 月 1 日起")
    )
    shown_en = page(client_for(language="en"), "/calendar/rules/")
    assert all(words in shown_en for words in ("3 suppliers", "1 working day<", "0.05% a day", "from 1 Jul 2022"))
    assert "from 1 Feb 2026" in shown_en, "of this year too: the page is about which day a law holds on"
    then = page(client, "/calendar/rules/?on=2021-06-01")
    assert "财库〔2022〕19号" not in then
    assert "财库〔2020〕46号" in then
    with django_assert_num_queries(1):
        page(client, "/calendar/rules/")
    assert "当日没有有效的数值" in page(client, "/calendar/rules/?on=1990-01-01")
    assert page(client, "/calendar/rules/?on=nonsense")
    assert "第三十五条" in b"".join(client.get("/calendar/rules.csv").streaming_content).decode()
    lines = b"".join(client.get("/calendar/2026.csv").streaming_content).decode().splitlines()
    assert len(lines) == 366
    assert lines[59].split(",")[:4] == ["2026-02-28", "Saturday", "1", "调休上班"]


def test_a_time_says_whether_it_is_the_shortest_or_the_longest_and_from_when(client_for):
    said = {
        "zh-hans": (
            "不少于，自招标文件开始发出之日起",
            "不超过，自中标、成交通知书发出之日起",
            "不少于，自投标截止之日往前算",
        ),
        "en": (
            "at least, from the day the documents are first issued",
            "at most, from the day the letter of award is sent",
            "at least, back from the day bids close",
        ),
    }
    for language, words in said.items():
        shown = page(client_for(language=language), "/calendar/rules/")
        assert all(text in shown for text in words)
    # Years, rates and sums are counted from no day.
    others = StatutoryParameter.objects.exclude(unit__in=["day", "working_day"]).select_related("rule")
    assert {row.counted_words for row in others} == {""}


def test_staff_correct_a_day(client_for, staff):
    client = client_for(staff)
    assert "/calendar/day/2026-11-25/" in page(client, "/calendar/2026/")
    shown = page(client, "/calendar/day/2026-11-25/")
    assert "更正这一天" in shown
    assert "2026 年 11 月 25 日（星期三）" in shown
    assert "现为：工作日" in shown
    assert "现为：非工作日（元旦）" in page(client, "/calendar/day/2026-01-01/")
    assert "Thursday, 1 January 2026" in page(client_for(staff, language="en"), "/calendar/day/2026-01-01/")
    assert client.post("/calendar/day/2026-11-25/", {"name": "示例放假", "note": ""}).status_code == 200
    assert CalendarDay.objects.get(date=date(2026, 11, 25)).is_working
    response = client.post("/calendar/day/2026-11-25/", {"name": "示例放假", "note": "示例通知"})
    assert (response.status_code, response["Location"]) == (302, "/calendar/2026/")
    assert not CalendarDay.objects.get(date=date(2026, 11, 25)).is_working


def test_staff_announce_a_year(client_for, staff):
    client = client_for(staff)
    assert "2027 年节假日安排" in page(client, "/calendar/2027/announce/")
    sent = {
        "instrument": "国务院办公厅关于2027年部分节假日安排的通知（示例）",
        "instrument_en": "Notice on the holidays of 2027 (example)",
        "announced_on": "2026-11-20",
        "days_off": "2027-01-01 元旦 / New Year's Day\n2027-02-05 至 2027-02-11 春节\n",
        "worked": "2027-02-20",
    }
    assert client.post("/calendar/2027/announce/", sent).status_code == 302
    assert CalendarYear.objects.get(year=2027).announced
    off = CalendarDay.objects.filter(year=2027, is_working=False).exclude(name="")
    assert [d.date.isoformat() for d in off] == ["2027-01-01", *(f"2027-02-{n:02}" for n in range(5, 12))]
    assert CalendarDay.objects.get(date=date(2027, 1, 1)).name_en == "New Year's Day"
    assert CalendarDay.objects.get(date=date(2027, 2, 20)).is_working
    shown = page(client, "/calendar/2027/")
    assert "尚未公布 2027" not in shown
    assert sent["instrument"] in shown
    shown = page(client_for(language="en"), "/calendar/2027/")
    assert sent["instrument_en"] in shown
    assert sent["instrument"] not in shown


def test_the_notice_of_a_loaded_year_has_a_name_in_each_language(client_for):
    notice = "国务院办公厅关于2026年部分节假日安排的通知"
    assert notice in page(client_for(), "/calendar/2026/")
    shown = page(client_for(language="en"), "/calendar/2026/")
    assert "Notice of the General Office of the State Council on the holidays of 2026" in shown
    assert notice not in shown


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"days_off": "2027-02-05 bis 2027-02-11"}, None),
        ({"days_off": "假期"}, "无法识别"),
        ({"days_off": "2027-02-30 春节"}, "不是日期"),
        ({"days_off": "2027-02-11 至 2027-02-05 春节"}, "结束早于开始"),
        ({"days_off": "2028-02-05 春节"}, "不在 2027 年内"),
        ({"worked": "2027-02-22"}, "本来就上班"),
        ({"worked": "下周六"}, "不是日期"),
        ({"instrument": ""}, "必填"),
    ],
)
def test_a_wrong_announcement_says_what_is_wrong(client_for, staff, change, said):
    sent = {"instrument": "示例通知", "announced_on": "2026-11-20", "days_off": "2027-02-05 春节", "worked": ""}
    response = client_for(staff).post("/calendar/2027/announce/", sent | change)
    if said is None:
        # What follows the date is its name.
        assert CalendarDay.objects.get(date=date(2027, 2, 5)).name == "bis 2027-02-11"
        return
    assert response.status_code == 200
    assert said in response.content.decode()
    assert not CalendarYear.objects.get(year=2027).announced


def test_the_form_says_what_a_new_value_ends(client_for, staff):
    """The value of a region ends none of the nation, and the one shown is the nation's."""
    said = {
        "en": ("A current open-ended value for the same region ends the day before", "Current national value"),
        "zh-hans": ("地区数值不影响全国数值", "现行全国数值"),
    }
    for language, words in said.items():
        shown = page(client_for(staff, language=language), "/calendar/rules/new/?rule=enquiry_answer")
        assert all(text in shown for text in words)


def test_staff_enter_a_value(client_for, staff):
    load_leishan()
    client = client_for(staff)
    shown = page(client, "/calendar/rules/new/?rule=enquiry_answer")
    assert "登记数值" in shown
    assert "3 个工作日" in shown, "what holds now"
    assert '<option value="working_day" selected>' in shown
    sent = {
        "rule": "enquiry_answer", "value": "2", "unit": "working_day", "region": "雷山县", "instrument": "示例办法",
        "article": "第三条", "valid_from": "2026-12-01",
    }  # fmt: skip
    assert client.post("/calendar/rules/new/", sent).status_code == 302
    row = StatutoryParameter.objects.get(region=522634000000)
    assert (row.rule.key, int(row.value), row.valid_to) == ("enquiry_answer", 2, None)
    again = client.post("/calendar/rules/new/", sent)
    assert "已有这条规则的其他数值" in again.content.decode()
    assert client.post("/calendar/rules/new/", sent | {"value": "x"}).status_code == 200
    assert StatutoryParameter.objects.filter(region=522634000000).count() == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"value": "0"}, "时间按整日计算，至少 1 日"),
        ({"value": "1.5"}, "时间按整日计算，至少 1 日"),
        ({"value": "-3", "unit": "percent"}, "请填写 0 或更大的数"),
        ({"valid_to": "2026-11-01"}, "结束日期早于开始日期"),
        ({"valid_from": "0001-01-01"}, "请检查年份"),
    ],
)
def test_a_number_that_cannot_be_is_refused(client_for, staff, change, said):
    before = list(StatutoryParameter.objects.order_by("pk").values_list("pk", "valid_to"))
    sent = {
        "rule": "enquiry_answer", "value": "2", "unit": "working_day", "instrument": "示例办法", "article": "第三条",
        "valid_from": "2026-12-01",
    }  # fmt: skip
    response = client_for(staff).post("/calendar/rules/new/", sent | change)
    assert response.status_code == 200
    shown = response.content.decode()
    assert said in shown
    assert "示例办法" in shown, "what was entered stays"
    assert list(StatutoryParameter.objects.order_by("pk").values_list("pk", "valid_to")) == before


@pytest.mark.parametrize("address", ["/calendar/day/2026-11-25/", "/calendar/2027/announce/", "/calendar/rules/new/"])
def test_others_cannot_change_the_law(client_for, outsider, address):
    page(client_for(outsider), address, 404)
    assert client_for(outsider).post(address, {"note": "x"}).status_code == 404
    assert client_for().get(address).status_code == 302


def test_the_check_passes_and_names_what_is_broken(capsys):
    call_command("check_statutes")
    CalendarDay.objects.filter(date=date(2026, 10, 8)).update(is_working=False)
    CalendarDay.objects.filter(date=date(2030, 5, 5)).delete()
    StatutoryRule.objects.create(key="empty", topic="money", title="空", title_en="empty")
    with pytest.raises(CommandError):
        call_command("check_statutes")
    said = capsys.readouterr().out
    assert "open_submission from 2026-09-11: 2026-10-09, not 2026-10-08" in said
    assert "2030: 364 of 365 days" in said
    assert "        empty" in said


def test_staff_are_reminded_of_the_next_year(staff, outsider):
    now = datetime(2026, 11, 23, 10, tzinfo=CHINA)
    assert [item.url for item in work_items(staff, now)] == ["/calendar/2027/announce/"]
    assert list(work_items(outsider, now)) == []
    assert list(work_items(staff, datetime(2026, 10, 31, 10, tzinfo=CHINA))) == []
    assert [item.tone for item in work_items(staff, datetime(2027, 1, 2, 10, tzinfo=CHINA))] == ["now"]


def test_a_value_nobody_has_compared_with_its_instrument_says_so(client_for, staff, outsider):
    waiting = StatutoryParameter.objects.get(rule__key="open_tender_threshold")
    assert waiting.checked_on is None
    assert StatutoryParameter.objects.get(rule__key="contract_sign").checked_on == date(2026, 11, 23)
    shown = page(client_for(), "/calendar/rules/")
    count = StatutoryParameter.objects.filter(checked_on=None, valid_to=None).count()
    assert shown.count('<span class="tag wait">待编辑核对</span>') == count
    assert f"下列数值中有 {count} 项尚未对照文件原文核对" in shown
    english = page(client_for(language="en"), "/calendar/rules/")
    assert english.count('<span class="tag wait">awaiting an editor\'s check</span>') == count
    address = f"/calendar/rules/{waiting.pk}/check/"
    assert address not in shown
    assert client_for(outsider).post(address).status_code == 404
    assert client_for().post(address).status_code == 302
    waiting.refresh_from_db()
    assert waiting.checked_on is None

    assert client_for(staff).post(address).status_code == 302
    waiting.refresh_from_db()
    assert waiting.checked_on == date(2026, 11, 23)
    event = Event.objects.get(action="statutory_parameter.check")
    assert (event.actor, event.subject_id) == (staff, str(waiting.pk))
    client_for(staff).post(address)
    assert Event.objects.filter(action="statutory_parameter.check").count() == 1
    # Loading again does not take the check away.
    assert load_parameters().changed == 0
    waiting.refresh_from_db()
    assert waiting.checked_on is not None


def test_a_supervisor_enters_a_value_of_the_own_region_and_leaves_the_calendar_alone(client_for):
    load_leishan()
    supervisor = make_member(
        Role.SUPERVISOR, make_organisation(OrganisationKind.SUPERVISION, region=Region.objects.get(pk=522600000000))
    )
    client = client_for(supervisor)
    for address in ("/calendar/day/2026-11-25/", "/calendar/2027/announce/"):
        page(client, address, 404)
        assert client.post(address, {"note": "x"}).status_code == 404
        assert address not in page(client, "/calendar/2026/") + page(client, "/calendar/2027/")
    assert list(work_items(supervisor, datetime(2026, 11, 23, 10, tzinfo=CHINA))) == []
    shown = page(client, "/calendar/rules/")
    assert "/calendar/rules/new/" in shown
    assert "/check/" not in shown
    waiting = StatutoryParameter.objects.filter(checked_on=None).first()
    assert client.post(f"/calendar/rules/{waiting.pk}/check/").status_code == 404
    sent = {
        "rule": "enquiry_answer", "value": "2", "unit": "working_day", "region": "", "instrument": "示例办法",
        "article": "第三条", "valid_from": "2026-12-01",
    }  # fmt: skip
    assert "必填" in client.post("/calendar/rules/new/", sent).content.decode()
    refused = client.post("/calendar/rules/new/", sent | {"region": "贵州省"}).content.decode()
    assert "只能登记本辖区内地区的数值" in refused
    assert not StatutoryParameter.objects.exclude(region=None).exists()
    assert client.post("/calendar/rules/new/", sent | {"region": "雷山县"}).status_code == 302
    assert StatutoryParameter.objects.get(region=522634000000).value == 2


def test_holidays_that_touch_are_one_run(client_for):
    """国办发明电〔2024〕12号: 国庆节、中秋节 on eight days together."""
    assert "<dt>国庆节、中秋节</dt><dd>10 月 1 日 – 8 日</dd>" in page(client_for(), "/calendar/2025/")
    assert "10 月 10 日（星期六）" in page(client_for(), "/calendar/2026/")
    english = page(client_for(language="en"), "/calendar/2026/")
    assert "<dd>1 – 3 Jan</dd>" in english
    assert "Saturday 10 Oct" in english


def test_days_of_another_year_are_said_without_the_year_that_the_title_says(client_for):
    shown = page(client_for(), "/calendar/2025/")
    assert "1 月 28 日 – 2 月 4 日" in shown
    assert "2025 年 1 月" not in shown
