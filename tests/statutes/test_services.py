"""Deadlines by the tables: rules, their dates and places, provisional years, and changes with their record."""

from datetime import date, datetime, time
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from marketplace.accounts.models import OrganisationKind, Role, User
from marketplace.audit.models import Event
from marketplace.core import events
from marketplace.core.errors import InvalidInput, PermissionRefused
from marketplace.regions.models import Region
from marketplace.statutes import selectors, services
from marketplace.statutes.deadlines import CHINA
from marketplace.statutes.errors import (
    NotADeadline,
    OutsideArea,
    OverlappingParameter,
    UnknownDay,
    UnknownRule,
    YearIncomplete,
)
from marketplace.statutes.loading import load_calendar, load_parameters
from marketplace.statutes.models import CalendarDay, CalendarYear, StatutoryParameter, StatutoryRule
from tests.factories.accounts import make_member, make_organisation
from tests.factories.regions import LEISHAN, QIANDONGNAN, load_leishan, village

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 10, tzinfo=CHINA)


@pytest.fixture
def staff():
    return User.objects.create(username="staff", display_name="李示例", is_staff=True)


@pytest.fixture
def outsider():
    """Somebody who is nearly allowed: active and logged in, but neither staff nor a supervisor."""
    return User.objects.create(username="outsider", display_name="张示例")


def day(text):
    return date.fromisoformat(text)


def test_the_tables_agree_with_the_announced_years():
    counts = {y: CalendarDay.objects.filter(year=y, is_working=True).count() for y in (2024, 2025, 2026)}
    assert counts == {2024: 251, 2025: 248, 2026: 248}
    assert selectors.last_announced_year() == 2026
    assert CalendarDay.objects.filter(year=2027, is_working=False, name="春节").count() == 4


def test_an_empty_table_is_filled_as_the_kept_one_was():
    def rows():
        return (
            list(CalendarYear.objects.order_by("pk").values_list()),
            list(CalendarDay.objects.order_by("pk").values_list()),
            list(
                StatutoryParameter.objects.order_by("rule__key", "valid_from").values_list(
                    "rule__key", "value", "unit", "article"
                )
            ),
        )

    kept = rows()
    for model in (StatutoryParameter, StatutoryRule, CalendarDay, CalendarYear):
        model.objects.all().delete()
    assert (load_calendar().added, load_parameters().added) == (
        len(kept[1]),
        StatutoryRule.objects.count() + len(kept[2]),
    )
    assert rows() == kept


def test_loading_again_changes_nothing():
    assert (load_calendar().added, load_calendar().changed, load_calendar().kept) == (0, 0, 0)
    assert (load_parameters().added, load_parameters().changed, load_parameters().kept) == (0, 0, 0)


@pytest.mark.parametrize(
    ("rule", "start", "end", "article"),
    [
        ("challenge_file", "2026-02-12", "2026-02-28", "第五十二条"),
        ("challenge_reply", "2026-09-28", "2026-10-13", "第五十三条"),
        ("open_notice", "2026-09-24", "2026-10-09", "第十六条"),
        ("complaint_file", "2026-09-14", "2026-10-10", "第五十五条"),
        ("complaint_decide", "2026-06-01", "2026-07-14", "第五十六条"),
        ("contract_sign", "2026-09-01", "2026-10-08", "第四十六条"),
        ("open_submission", "2026-09-11", "2026-10-08", "第三十五条"),
        ("consultation_submission", "2026-02-05", "2026-02-24", "第十条"),
        ("payment_due", "2026-09-01", "2026-10-08", "第九条"),
        ("result_notice", "2026-09-30", "2026-10-09", "第四十三条"),
        ("result_public", "2026-11-20", "2026-11-23", "第六十九条"),
        ("enquiry_answer", "2026-11-20", "2026-11-25", "第五十二条"),
        ("contract_publish", "2026-11-20", "2026-11-24", "第五十条"),
        ("contract_file", "2026-11-20", "2026-12-01", "第四十七条"),
        ("open_report", "2026-11-20", "2026-11-24", "第六十八条"),
        ("open_decision", "2026-11-20", "2026-11-27", "第六十八条"),
    ],
)
def test_each_rule_with_its_article(rule, start, end, article):
    found = services.deadline(rule, day(start), on=day(start))
    assert (found.date, found.article, found.provisional) == (day(end), article, False)
    assert found.at == datetime.combine(day(end), time.max, CHINA)


def test_business_may_end_before_midnight():
    found = services.deadline("challenge_file", day("2026-11-20"), on=day("2026-11-20"), at_time=time(17, 30))
    assert found.at == datetime(2026, 12, 1, 17, 30, tzinfo=CHINA)


def test_a_rule_follows_the_notice_date_not_today():
    assert selectors.value("small_price_cut_max", day("2022-06-30")) == 10
    assert selectors.value("small_price_cut_max", day("2022-07-01")) == 20
    with pytest.raises(UnknownRule):
        services.deadline("payment_due", day("2024-01-05"), on=day("2024-01-05"))
    with pytest.raises(NotADeadline):
        services.deadline("bid_bond_max", day("2026-01-05"), on=day("2026-01-05"))


def test_the_timetable_of_an_open_tender():
    found = services.timetable("open", day("2026-11-23"), datetime(2026, 12, 14, 9, 30, tzinfo=CHINA))
    assert [(d.rule_key, d.date.isoformat()) for d in found] == [
        ("open_amendment", "2026-11-29"),
        ("open_notice", "2026-11-30"),
        ("open_documents", "2026-11-30"),
        ("open_submission", "2026-12-14"),
    ]


def test_the_timetable_of_a_consultation():
    found = services.timetable("consultation", day("2026-11-23"), day("2026-12-03"))
    assert [(d.rule_key, d.date.isoformat()) for d in found] == [
        ("consultation_amendment", "2026-11-28"),
        ("consultation_documents", "2026-11-30"),
        ("consultation_submission", "2026-12-03"),
    ]


def test_a_bid_deadline_a_day_early_is_refused_with_its_reason():
    published = datetime(2026, 11, 23, 23, 30, tzinfo=CHINA)
    early = services.check_bid_deadline("consultation", published, datetime(2026, 12, 2, 23, 59, tzinfo=CHINA))
    assert [p.code for p in early] == ["bid_deadline_too_early"]
    assert early[0].deadline.date == day("2026-12-03")
    assert "第十条" in early[0].message
    assert services.check_bid_deadline("consultation", published, datetime(2026, 12, 3, 9, tzinfo=CHINA)) == []


def test_the_day_of_publication_is_the_day_in_china():
    # 16:30 UTC on the 22nd is half past midnight on the 23rd in China.
    utc = datetime.fromisoformat("2026-11-22T16:30:00+00:00")
    late = services.check_bid_deadline("consultation", utc, datetime(2026, 12, 2, 9, tzinfo=CHINA))
    assert late[0].deadline.counted_from == day("2026-11-23")


def test_an_unknown_method_is_refused():
    with pytest.raises(UnknownRule):
        services.earliest_bid_deadline("auction", day("2026-11-23"))


def test_a_date_in_2027_is_provisional_and_counted_by_statutory_days():
    found = services.deadline("challenge_file", day("2026-12-30"), on=day("2026-12-30"))
    # 31 December, then 4 to 8 January, 11 January: New Year's Day and the weekends do not count.
    assert (found.date, found.provisional) == (day("2027-01-11"), True)
    assert [d.name for d in found.skipped if d.name] == ["元旦"]
    assert "国务院" in found.explanation


def test_beyond_the_table_nothing_is_guessed():
    with pytest.raises(UnknownDay):
        services.deadline("challenge_file", day("2036-12-30"), on=day("2036-12-30"))


def test_a_region_may_have_its_own_value(staff):
    load_leishan()
    services.set_parameter(
        actor=staff, rule_key="challenge_reply", value=Decimal(5), unit="working_day", instrument="示例州办法",
        article="第八条", valid_from=day("2026-01-01"), region_code=QIANDONGNAN, now=NOW,
    )  # fmt: skip
    start = day("2026-11-23")
    assert services.deadline("challenge_reply", start, on=start).count == 7
    assert services.deadline("challenge_reply", start, on=start, region_code=village(0).code).count == 5
    assert services.deadline("challenge_reply", start, on=start, region_code=520000000000).count == 7
    assert services.deadline("challenge_reply", day("2025-12-01"), on=day("2025-12-01"), region_code=LEISHAN).count == 7


def test_a_new_value_ends_the_old_one(staff):
    row = services.set_parameter(
        actor=staff, rule_key="enquiry_answer", value=Decimal(2), unit="working_day", instrument="示例条例",
        article="第一条", valid_from=day("2027-01-01"), now=NOW,
    )  # fmt: skip
    assert row.rule.parameters.get(valid_from=day("2015-03-01")).valid_to == day("2026-12-31")
    assert selectors.value("enquiry_answer", day("2026-12-31")) == 3
    assert selectors.value("enquiry_answer", day("2027-01-01")) == 2
    event = Event.objects.get(action="statutory_parameter.set")
    assert (event.actor, event.data["rule"], event.data["value"]) == (staff, "enquiry_answer", "2")


def test_an_overlapping_value_changes_nothing(staff):
    before = list(StatutoryParameter.objects.values_list("pk", "valid_to"))
    with pytest.raises(OverlappingParameter):
        services.set_parameter(
            actor=staff, rule_key="enquiry_answer", value=Decimal(2), unit="working_day", instrument="示例条例",
            article="第一条", valid_from=day("2015-03-01"), valid_to=day("2016-01-01"), now=NOW,
        )  # fmt: skip
    assert list(StatutoryParameter.objects.values_list("pk", "valid_to")) == before
    assert not Event.objects.filter(action="statutory_parameter.set").exists()


def test_the_database_itself_refuses_two_values_at_a_time():
    with (
        connection.cursor() as cursor,
        pytest.raises(IntegrityError, match="one_parameter_at_a_time"),
        transaction.atomic(),
    ):
        cursor.execute(
            "INSERT INTO statutes_statutoryparameter (rule_id, value, unit, instrument, instrument_en, article, valid_from,"
            " note, note_en) SELECT id, 1, 'day', 'x', '', 'x', '2026-01-01', '', '' FROM statutes_statutoryrule"
            " WHERE key = 'enquiry_answer'"
        )


def test_the_database_itself_refuses_a_day_of_another_year():
    with (
        connection.cursor() as cursor,
        pytest.raises(IntegrityError, match="day_lies_in_its_year"),
        transaction.atomic(),
    ):
        cursor.execute("UPDATE statutes_calendarday SET year_id = 2025 WHERE date = '2026-01-05'")


def test_staff_correct_a_day_and_a_load_keeps_it(staff, django_capture_on_commit_callbacks):
    heard = []
    events.subscribe(services.CalendarChanged, heard.append)
    with django_capture_on_commit_callbacks(execute=True):
        services.edit_day(
            actor=staff, date=day("2026-11-25"), is_working=False, name="示例放假", note="示例通知", now=NOW
        )
    assert heard == [services.CalendarChanged(2026, announced=False)]
    assert services.deadline("enquiry_answer", day("2026-11-23"), on=day("2026-11-23")).date == day("2026-11-27")
    assert load_calendar().kept == 1
    assert CalendarDay.objects.get(date=day("2026-11-25")).is_working is False
    event = Event.objects.get(action="calendar_day.edit")
    assert (event.subject_id, event.reason, event.data["from"]["is_working"]) == ("2026-11-25", "示例通知", True)


def test_an_outsider_changes_nothing(outsider):
    before = list(CalendarDay.objects.filter(year=2027).values_list())
    with pytest.raises(PermissionRefused):
        services.edit_day(actor=outsider, date=day("2026-11-25"), is_working=False, note="x", now=NOW)
    with pytest.raises(PermissionRefused):
        announce(outsider)
    with pytest.raises(PermissionRefused):
        services.set_parameter(
            actor=outsider, rule_key="enquiry_answer", value=Decimal(2), unit="working_day", instrument="x",
            article="x", valid_from=day("2027-01-01"), now=NOW,
        )  # fmt: skip
    assert list(CalendarDay.objects.filter(year=2027).values_list()) == before
    assert CalendarDay.objects.get(date=day("2026-11-25")).is_working
    assert selectors.value("enquiry_answer", day("2027-01-01")) == 3
    assert not Event.objects.exists()


def announce(actor, **kw):
    values = {
        "year": 2027,
        "instrument": "国务院办公厅关于2027年部分节假日安排的通知（示例）",
        "announced_on": day("2026-11-20"),
        "days_off": {day("2027-01-01"): ("元旦", "New Year's Day"), day("2027-01-04"): ("元旦", "New Year's Day")},
        "worked": [day("2027-01-09")],
        "now": NOW,
    }
    return services.announce_year(actor=actor, **(values | kw))


def test_announcing_a_year_recounts_and_tells(staff, django_capture_on_commit_callbacks):
    old = services.deadline("challenge_file", day("2026-12-30"), on=day("2026-12-30"))
    heard = []
    events.subscribe(services.CalendarChanged, heard.append)
    with django_capture_on_commit_callbacks(execute=True):
        announce(staff)
    assert heard == [services.CalendarChanged(2027, announced=True)]
    new = services.recount(old)
    # 4 January is off now, Saturday the 9th is worked: the end stays, the count is another.
    assert (old.date, new.date) == (day("2027-01-11"), day("2027-01-11"))
    assert (new.provisional, new.adjusted) == (False, (day("2027-01-09"),))
    assert services.recount(new) == new
    assert load_calendar().added == 0
    assert CalendarYear.objects.get(year=2027).announced


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"instrument": ""}, "instrument"),
        ({"days_off": {}}, "days_off"),
        ({"days_off": {day("2026-12-31"): ("x", "x")}}, "days_off"),
        ({"worked": [day("2027-01-01")]}, "worked"),
        ({"worked": [day("2027-01-05")]}, "worked"),
    ],
)
def test_a_wrong_announcement_changes_nothing(staff, change, field):
    with pytest.raises(InvalidInput) as refused:
        announce(staff, **change)
    assert refused.value.field == field
    assert not CalendarYear.objects.get(year=2027).announced
    assert CalendarDay.objects.get(date=day("2027-01-04")).is_working


def test_a_year_with_a_missing_day_cannot_be_announced(staff):
    CalendarDay.objects.filter(date=day("2027-05-05")).delete()
    with pytest.raises(YearIncomplete):
        announce(staff)
    assert not CalendarYear.objects.get(year=2027).announced


def test_shipped_values_that_staff_ended_stay_ended(staff):
    services.set_parameter(
        actor=staff, rule_key="enquiry_answer", value=Decimal(2), unit="working_day", instrument="示例条例",
        article="第一条", valid_from=day("2027-01-01"), now=NOW,
    )  # fmt: skip
    load_parameters()
    assert StatutoryRule.objects.get(key="enquiry_answer").parameters.count() == 2
    assert selectors.value("enquiry_answer", day("2027-01-01")) == 2


@pytest.fixture
def supervisor():
    """Answers for 黔东南."""
    load_leishan()
    prefecture = make_organisation(OrganisationKind.SUPERVISION, region=Region.objects.get(pk=QIANDONGNAN))
    return make_member(Role.SUPERVISOR, prefecture)


def test_the_calendar_of_the_whole_country_is_not_a_supervisors_to_change(supervisor):
    with pytest.raises(PermissionRefused):
        services.edit_day(actor=supervisor, date=date(2026, 11, 25), is_working=False, note="示例通知", now=NOW)
    with pytest.raises(PermissionRefused):
        announce(supervisor)
    assert CalendarDay.objects.get(date=date(2026, 11, 25)).is_working
    assert not CalendarYear.objects.get(year=2027).announced


def test_a_supervisor_sets_the_numbers_of_the_own_region_only(supervisor):
    given = {
        "actor": supervisor, "rule_key": "challenge_reply", "value": Decimal(5), "unit": "working_day",
        "instrument": "示例州办法", "article": "第三条", "valid_from": date(2026, 12, 1), "now": NOW,
    }  # fmt: skip
    before = list(StatutoryParameter.objects.order_by("pk").values_list("pk", "valid_to"))
    for elsewhere in (None, 520000000000):
        with pytest.raises(OutsideArea):
            services.set_parameter(region_code=elsewhere, **given)
    assert list(StatutoryParameter.objects.order_by("pk").values_list("pk", "valid_to")) == before
    assert services.set_parameter(region_code=LEISHAN, **given).region_id == LEISHAN
    waiting = StatutoryParameter.objects.filter(region=None, checked_on=None).first()
    with pytest.raises(PermissionRefused):
        services.check_parameter(actor=supervisor, parameter=waiting, now=NOW)
    own = StatutoryParameter.objects.get(region=LEISHAN)
    StatutoryParameter.objects.filter(pk=own.pk).update(checked_on=None)
    assert services.check_parameter(actor=supervisor, parameter=own, now=NOW).checked_on == date(2026, 11, 23)
