"""Counting against the golden vectors, and against an independent way of counting."""

import json
from datetime import date, datetime, time, timedelta

import pytest
from chinese_calendar import is_workday
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from marketplace.statutes.deadlines import CHINA, Day, Deadline, add_days, add_working_days, article_words
from marketplace.statutes.errors import UnknownDay

LAST_KNOWN = date(2026, 12, 31)


class PackageCalendar:
    """The calendar of the package of announced holidays, weekdays after it: no database."""

    def day(self, date):
        if date > LAST_KNOWN + timedelta(days=400):
            raise UnknownDay(date=date.isoformat())
        if date > LAST_KNOWN:
            return Day(date, date.weekday() < 5, provisional=True)
        return Day(date, is_workday(date))


CALENDAR = PackageCalendar()


@pytest.mark.parametrize(
    ("start", "n", "end"),
    [
        ("2026-02-12", 7, "2026-02-28"),  # a Saturday that is worked
        ("2026-09-28", 7, "2026-10-13"),
        ("2026-09-24", 5, "2026-10-09"),
        ("2026-09-14", 15, "2026-10-10"),
        ("2026-06-01", 30, "2026-07-14"),
    ],
)
def test_golden_vectors_in_working_days(start, n, end):
    assert add_working_days(date.fromisoformat(start), n, CALENDAR).end == date.fromisoformat(end)


@pytest.mark.parametrize(
    ("start", "n", "raw", "end"),
    [
        ("2026-09-01", 30, "2026-10-01", "2026-10-08"),
        ("2026-09-11", 20, "2026-10-01", "2026-10-08"),
        ("2026-02-05", 10, "2026-02-15", "2026-02-24"),
    ],
)
def test_golden_vectors_in_calendar_days(start, n, raw, end):
    count = add_days(date.fromisoformat(start), n, CALENDAR)
    assert (count.end, count.rolled_from) == (date.fromisoformat(end), date.fromisoformat(raw))


def test_an_end_on_a_working_day_is_not_moved():
    count = add_days(date(2026, 11, 23), 10, CALENDAR)
    assert (count.end, count.rolled_from, count.skipped) == (date(2026, 12, 3), None, ())


def test_an_adjusted_saturday_counts_and_is_named():
    count = add_working_days(date(2026, 2, 12), 7, CALENDAR)
    assert count.adjusted == (date(2026, 2, 14), date(2026, 2, 28))
    assert count.skipped[0].date == date(2026, 2, 15)
    assert count.skipped[-1].date == date(2026, 2, 23)


def test_a_count_into_an_unannounced_year_is_provisional():
    assert add_working_days(date(2026, 12, 23), 6, CALENDAR).provisional is False
    assert add_working_days(date(2026, 12, 24), 6, CALENDAR).provisional is True
    assert add_days(date(2026, 12, 1), 31, CALENDAR).provisional is True
    assert add_days(date(2026, 12, 1), 30, CALENDAR).provisional is False


def test_nothing_is_guessed_beyond_the_calendar():
    with pytest.raises(UnknownDay):
        add_working_days(date(2026, 12, 1), 400, CALENDAR)


def test_backward_days_are_not_moved():
    # 15 days before Thursday 15 October is 30 September; before 16 October it is 1 October, a day off.
    assert add_days(date(2026, 10, 16), -15, CALENDAR).end == date(2026, 10, 1)
    assert add_working_days(date(2026, 10, 9), -3, CALENDAR).end == date(2026, 9, 29)


def test_no_days_is_no_time():
    with pytest.raises(ValueError, match="no end"):
        add_working_days(date(2026, 1, 5), 0, CALENDAR)


days_in_known_years = st.dates(date(2004, 1, 1), date(2026, 3, 1))


@given(start=days_in_known_years, n=st.integers(1, 60))
def test_working_days_agree_with_a_list_of_all_working_days(start, n):
    later = (start + timedelta(days=i) for i in range(1, 400))
    working = [day for day in later if day <= LAST_KNOWN and is_workday(day)]
    count = add_working_days(start, n, CALENDAR)
    assert count.end == working[n - 1]
    between = {start + timedelta(days=i) for i in range(1, (count.end - start).days + 1)}
    assert {d.date for d in count.skipped} == between - set(working[:n])


@given(end=days_in_known_years, n=st.integers(1, 60))
def test_counting_back_undoes_counting_on(end, n):
    """n working days after the n-th working day before a working day is that day."""
    while not is_workday(end) or end < date(2004, 6, 1):
        end += timedelta(days=1)
    assert add_working_days(add_working_days(end, -n, CALENDAR).end, n, CALENDAR).end == end


@given(start=days_in_known_years, n=st.integers(1, 60))
def test_calendar_days_end_on_the_first_working_day_from_the_raw_end(start, n):
    raw = start + timedelta(days=n)
    count = add_days(start, n, CALENDAR)
    assert count.end >= raw
    assert is_workday(count.end)
    assert not any(is_workday(raw + timedelta(days=i)) for i in range((count.end - raw).days))
    assert (count.rolled_from is None) == (count.end == raw)


def make_deadline(**kw) -> Deadline:
    values = {
        "at": datetime.combine(date(2026, 10, 8), time.max, CHINA),
        "rule_key": "open_submission",
        "title": "投标截止时间",
        "title_en": "Time to submit bids",
        "instrument": "中华人民共和国政府采购法",
        "instrument_en": "Government Procurement Law",
        "article": "第三十五条",
        "unit": "day",
        "count": 20,
        "sense": "at_least",
        "direction": "after",
        "counted_from": date(2026, 9, 11),
        "counted_from_what": "招标文件开始发出之日",
        "counted_from_what_en": "the day the documents are first issued",
        "rolled_from": date(2026, 10, 1),
        "skipped": (Day(date(2026, 10, 1), False, "国庆节", "National Day"),),
    }
    return Deadline(**(values | kw))


def test_a_deadline_survives_json():
    deadline = make_deadline(provisional=True, adjusted=(date(2026, 9, 20),))
    assert Deadline.from_json(json.loads(json.dumps(deadline.to_json()))) == deadline


def test_the_reason_in_both_languages():
    deadline = make_deadline()
    assert deadline.explain("en") == (
        "Time to submit bids: at least 20 days (Government Procurement Law, article 35). "
        "Counted from 11 September 2026, the day the documents are first issued; that day itself is not counted. "
        "Day 20, 1 October 2026, is a day off (National Day): the period ends on the next working day, 8 October 2026."
    )
    assert deadline.explain("zh-hans") == (
        "投标截止时间：不少于20日（中华人民共和国政府采购法第三十五条）。"
        "自2026年9月11日（招标文件开始发出之日）起算，当日不计入。"
        "第20日2026年10月1日为非工作日（国庆节），顺延至其后第一个工作日2026年10月8日。"
    )


def test_a_provisional_date_says_so():
    with translation.override("en"):
        assert "Provisional: the General Office of the State Council has not yet announced" in str(
            make_deadline(provisional=True)
        )
        assert "Provisional" not in str(make_deadline())


@pytest.mark.parametrize(
    ("article", "words"),
    [
        ("第三十五条", "article 35"),
        ("第十条", "article 10"),
        ("第一百二十条", "article 120"),
        ("三", "part 3"),
        ("全文", "whole text"),
    ],
)
def test_articles_in_english(article, words):
    with translation.override("en"):
        assert article_words(article) == words
    assert article_words(article) == ("第三部分" if article == "三" else article)
