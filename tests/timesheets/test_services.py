"""One clock hour of a person counts once, and only by the word of who was served."""

from __future__ import annotations

import threading
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, close_old_connections, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.accounts.models import Role, User
from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.core.errors import StaleState
from marketplace.core.states import IllegalTransition
from marketplace.timesheets import errors, services
from marketplace.timesheets.models import Capacity, ServiceSession
from marketplace.timesheets.selectors import confirmed_minutes, minutes_by_subject, year_summary
from tests.factories.accounts import a_place, make_member, make_organisation, make_user
from tests.factories.timesheets import VILLAGE, make_committee, make_session

pytestmark = pytest.mark.django_db


def test_a_report_counts_when_the_village_confirms_it() -> None:
    committee, voice = make_committee()
    person = make_user()
    session = make_session(person, host=committee, minutes=150)
    since, until = session.period.lower - timedelta(days=1), clock.now()
    assert confirmed_minutes(person, None, since, until) == 0

    services.confirm_session(actor=voice, session=session, now=clock.now())

    session.refresh_from_db()
    assert (session.state, session.claimed_minutes, session.decided_minutes) == ("confirmed", 150, 150)
    assert confirmed_minutes(person, Capacity.VOLUNTEER, since, until) == 150
    assert confirmed_minutes(person, Capacity.CONTRACT, since, until) == 0
    assert Event.objects.filter(action="session.confirm", subject_id=str(session.pk)).count() == 1


def test_the_same_report_sent_twice_is_one() -> None:
    person, (committee, _voice) = make_user(), make_committee()
    start = clock.now() - timedelta(hours=5)
    first = make_session(person, host=committee, start=start)
    assert make_session(person, host=committee, start=start).pk == first.pk
    assert ServiceSession.objects.count() == 1


def test_overlap_is_refused_in_words_whoever_the_host_and_back_to_back_is_not() -> None:
    person, start = make_user(), clock.now() - timedelta(hours=8)
    make_session(person, start=start, minutes=120)
    other, _voice = make_committee(VILLAGE + 1)
    with pytest.raises(errors.Overlap) as refused:
        make_session(person, host=other, start=start + timedelta(minutes=60), minutes=120, subject_id=2)
    assert "示例村" in str(refused.value)
    assert "撤回" in str(refused.value)
    assert ServiceSession.objects.count() == 1
    make_session(person, host=other, start=start + timedelta(minutes=120), minutes=60, subject_id=2)
    assert ServiceSession.objects.count() == 2


def test_nobody_is_told_to_withdraw_what_is_confirmed() -> None:
    person, (committee, voice) = make_user(), make_committee()
    start = clock.now() - timedelta(hours=8)
    make_session(person, host=committee, start=start, minutes=120, confirmed_by=voice)
    with pytest.raises(errors.OverlapSettled) as refused:
        make_session(person, host=committee, start=start + timedelta(minutes=60), minutes=120, subject_id=2)
    assert "撤回" not in str(refused.value)
    assert ServiceSession.objects.count() == 1


def test_the_database_refuses_an_overlap_by_raw_sql() -> None:
    session = make_session(minutes=120)
    with (
        pytest.raises(IntegrityError, match="one_clock_hour_once"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO timesheets_servicesession (person_id, capacity, kind, region_id, host_id, subject_kind, subject_id,"
            " period, claimed_minutes, people_served, summary, checked_in, state, decision_note)"
            " SELECT person_id, 'contract', kind, region_id, host_id, 'contracts.post', 9,"
            " tstzrange(lower(period) + interval '30 min', upper(period) + interval '30 min'), 120, 0, '', false, 'reported', ''"
            " FROM timesheets_servicesession WHERE id = %s",
            [session.pk],
        )


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12)), min_size=1, max_size=12))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_accepted_reports_never_exceed_their_union(spans: list[tuple[int, int]]) -> None:
    """Quarter hours, in any order: what was accepted never covers a quarter twice."""
    person, (committee, _voice) = make_user(), make_committee()
    origin = clock.now() - timedelta(days=20)
    covered: set[int] = set()
    for n, (begin, length) in enumerate(spans):
        quarters = set(range(begin, begin + length))
        try:
            make_session(
                person,
                host=committee,
                start=origin + timedelta(minutes=15 * begin),
                minutes=15 * length,
                subject_id=n + 1,
            )
        except errors.Overlap:
            assert covered & quarters
        else:
            assert not covered & quarters
            covered |= quarters
    total = sum(s.claimed_minutes for s in ServiceSession.objects.filter(person=person))
    assert total == 15 * len(covered)


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_record_one_hour_once() -> None:
    person, (committee, _voice) = make_user(), make_committee()
    start, outcomes = clock.now() - timedelta(hours=6), []

    def report(n: int) -> None:
        try:
            make_session(person, host=committee, start=start + timedelta(minutes=n), minutes=60, subject_id=n + 1)
            outcomes.append("stored")
        except errors.Overlap:
            outcomes.append("refused")
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=report, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("stored") == 1
    assert outcomes.count("refused") == 19
    assert ServiceSession.objects.count() == 1


def test_check_in_twice_is_one_visit_and_elsewhere_is_refused(at: Any) -> None:
    person, (committee, _voice) = make_user(), make_committee()
    now = at(clock.now() - timedelta(hours=3))
    common: dict[str, Any] = {"actor": person, "capacity": Capacity.CONTRACT, "kind": "on_site", "host": committee}
    common |= {"region": committee.region, "subject_kind": "contracts.post"}
    session = services.check_in(subject_id=1, **common)
    assert services.check_in(subject_id=1, **common).pk == session.pk
    with pytest.raises(errors.AlreadyOpen):
        services.check_in(subject_id=2, **common)

    at(now + timedelta(minutes=95))
    services.check_out(actor=person, session=session, summary="讲座。", people_served=12)

    session.refresh_from_db()
    assert (session.state, session.claimed_minutes, session.people_served) == ("reported", 95, 12)
    with pytest.raises(errors.NeverStarted):
        services.check_out(actor=person, session=session, summary="again")


def test_nothing_is_reported_behind_a_visit_under_way(at: Any) -> None:
    person = make_user()
    committee, _voice = make_committee()
    where = {"capacity": Capacity.CONTRACT, "kind": "on_site", "region": committee.region, "host": committee}
    begun = services.check_in(actor=person, subject_kind="contracts.post", subject_id=1, **where)
    at(begun.period.lower + timedelta(hours=3))
    with pytest.raises(errors.AlreadyOpen):
        make_session(person, host=committee, start=begun.period.lower + timedelta(hours=1), minutes=30, subject_id=2)
    # What ended before it began is another matter.
    make_session(person, host=committee, start=begun.period.lower - timedelta(hours=1), minutes=60, subject_id=2)
    ended = services.check_out(actor=person, session=begun, summary="接待咨询。")
    assert ended.state == "reported"


def test_a_forgotten_check_out_counts_sixteen_hours_at_most(at: Any) -> None:
    person, (committee, _voice) = make_user(), make_committee()
    now = at(clock.now() - timedelta(days=3))
    session = services.check_in(
        actor=person, capacity=Capacity.VOLUNTEER, kind="duty", region=committee.region, host=committee,
        subject_kind="volunteers.shift", subject_id=1,
    )  # fmt: skip
    at(now + timedelta(days=2))
    assert services.check_out(actor=person, session=session, summary="忘记签退。").claimed_minutes == 16 * 60


@pytest.mark.parametrize(
    ("begin", "length", "why"),
    [
        (-1, 0, errors.EndsBeforeStart),
        (-1, -60, errors.EndsBeforeStart),
        (-30, 17 * 60, errors.TooLong),
        (1, 60, errors.InFuture),
        (-91 * 24, 60, errors.TooLate),
    ],
)
def test_impossible_times_are_refused_and_change_nothing(begin: int, length: int, why: type[Exception]) -> None:
    person, (committee, _voice) = make_user(), make_committee()
    with pytest.raises(why):
        make_session(person, host=committee, start=clock.now() + timedelta(hours=begin), minutes=length)
    assert not ServiceSession.objects.exists()


def test_who_served_never_confirms_though_he_speaks_for_the_village() -> None:
    committee, voice = make_committee()
    session = make_session(voice, host=committee)
    with pytest.raises(errors.OwnService):
        services.confirm_session(actor=voice, session=session, now=clock.now())
    stranger = make_member(Role.VILLAGE, make_committee(VILLAGE + 5)[0])
    with pytest.raises(errors.NotTheHost):
        services.confirm_session(actor=stranger, session=session, now=clock.now())
    session.refresh_from_db()
    assert session.state == "reported"


def test_a_dispute_is_decided_by_a_third_party_and_the_claim_stays() -> None:
    committee, voice = make_committee()
    session = make_session(host=committee, minutes=240)
    with pytest.raises(errors.NoteNeeded):
        services.dispute_session(actor=voice, session=session, note=" ", now=clock.now())
    services.dispute_session(actor=voice, session=session, note="只来了两个小时。", now=clock.now())
    bureau = make_organisation("supervision", region=a_place(522600000000))
    supervisor = make_member(Role.SUPERVISOR, bureau)
    elsewhere = make_member(Role.SUPERVISOR, make_organisation("supervision", region=a_place(110101000000)))
    for nearly in (voice, elsewhere):
        with pytest.raises(errors.NotTheHost):
            services.decide_session(actor=nearly, session=session, minutes=120, note="核实。", now=clock.now())
    with pytest.raises(errors.MinutesOutOfRange):
        services.decide_session(actor=supervisor, session=session, minutes=241, note="核实。", now=clock.now())

    services.decide_session(actor=supervisor, session=session, minutes=120, note="两小时属实。", now=clock.now())

    session.refresh_from_db()
    assert (session.objection, session.decision_note) == ("只来了两个小时。", "两小时属实。")
    assert (session.state, session.claimed_minutes, session.decided_minutes) == ("confirmed", 240, 120)
    with pytest.raises(IllegalTransition):
        services.withdraw_session(actor=session.person, session=session, now=clock.now())


def test_only_who_served_answers_and_only_until_it_is_decided() -> None:
    committee, voice = make_committee()
    session = make_session(host=committee, minutes=240)
    person = session.person

    def answer(actor: User, note: str) -> ServiceSession:
        return services.answer_objection(actor=actor, session=session, note=note, now=clock.now())

    with pytest.raises(StaleState):
        answer(person, "四个小时都在。")
    services.dispute_session(actor=voice, session=session, note="只来了两个小时。", now=clock.now())
    with pytest.raises(errors.NotYours):
        answer(voice, "四个小时都在。")
    with pytest.raises(errors.NoteNeeded):
        answer(person, " ")
    session.refresh_from_db()
    assert session.answer == ""
    assert answer(person, "四个小时都在，有照片。").answer == "四个小时都在，有照片。"
    event = Event.objects.get(action="session.answer")
    assert (event.actor, event.reason) == (person, "四个小时都在，有照片。")
    supervisor = make_member(Role.SUPERVISOR, make_organisation("supervision", region=a_place(522600000000)))
    services.decide_session(actor=supervisor, session=session, minutes=180, note="核实。", now=clock.now())
    with pytest.raises(StaleState):
        answer(person, "还有。")
    session.refresh_from_db()
    assert (session.answer, session.decided_minutes) == ("四个小时都在，有照片。", 180)


def test_withdrawn_time_is_free_again() -> None:
    person, start = make_user(), clock.now() - timedelta(hours=4)
    session = make_session(person, start=start)
    services.withdraw_session(actor=person, session=session, now=clock.now())
    make_session(person, start=start, subject_id=2)
    assert year_summary(person, start.year)["waiting_times"] == 1


def test_minutes_by_subject_counts_in_one_query(django_assert_num_queries: Any) -> None:
    committee, voice = make_committee()
    person = make_user()
    base = clock.now() - timedelta(days=5)
    for n in range(3):
        make_session(
            person,
            host=committee,
            start=base + timedelta(hours=6 * n),
            minutes=60 + n,
            subject_id=1 + n // 2,
            confirmed_by=voice,
        )
    with django_assert_num_queries(1):
        found = minutes_by_subject("volunteers.shift", [1, 2], base - timedelta(days=1), clock.now())
    assert found[1, "on_site"] == {"minutes": 121, "times": 2, "people": 0, "waiting": 0}
    assert found[2, "on_site"]["minutes"] == 62


def test_check_timesheets_finds_what_was_written_past_the_guard() -> None:
    session = make_session()
    out = StringIO()
    call_command("check_timesheets", stdout=out)
    assert "1 sessions" in out.getvalue()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE timesheets_servicesession SET claimed_minutes = 999 WHERE id = %s", [session.pk])
    with pytest.raises(CommandError):
        call_command("check_timesheets", stdout=out, stderr=out)
    assert f"session {session.pk}" in out.getvalue()
