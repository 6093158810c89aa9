"""Accepting, declining, running out of time, taking back; repair; volunteers for what stays empty."""

from datetime import datetime, timedelta

import pytest
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.urls import reverse
from django.utils import timezone

from marketplace.accounts.models import OrganisationKind, Role, User
from marketplace.audit.models import Event
from marketplace.contracts.models import Post
from marketplace.contracts.services import fill_post, vacate_post
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from marketplace.core.states import IllegalTransition
from marketplace.staffing import calls, errors, services_proposals, tasks
from marketplace.staffing.models import Assignment
from marketplace.staffing.workspace import work_items
from tests.factories.accounts import make_member, make_organisation
from tests.factories.staffing import WHERE, a_lawyer, make_case, publish_case, run_case
from volunteers.models import Opportunity
from volunteers.services import NewShift

pytestmark = pytest.mark.django_db


def states(case):
    return [Assignment.objects.filter(post=case.post(i)).order_by("-pk")[0].state for i in range(len(case.villages))]


def test_the_person_accepts_and_serves():
    case = make_case((0.01,), (0.0,))
    [proposal] = publish_case(case)
    services_proposals.accept_assignment(actor=case.lawyers[0], assignment=proposal, now=clock.now())
    proposal.refresh_from_db()
    post = case.post(0)
    assert (proposal.state, post.state, post.adviser) == ("accepted", "filled", case.lawyers[0])
    assert proposal.answered_at is not None
    assert Event.objects.filter(action="assignment.accept", actor=case.lawyers[0]).count() == 1
    with pytest.raises(IllegalTransition):
        services_proposals.accept_assignment(actor=case.lawyers[0], assignment=proposal, now=clock.now())


def test_who_is_proposed_gets_one_letter(mailoutbox, django_capture_on_commit_callbacks):
    case = make_case((0.01, 0.02, 0.2), (0.0, 0.2))
    User.objects.filter(pk__in=[lawyer.pk for lawyer in case.lawyers]).update(
        email=Concat(F("username"), Value("@example.org"))
    )
    with django_capture_on_commit_callbacks(execute=True):
        proposed = publish_case(case)
    written = [letter for letter in mailoutbox if "答复" in letter.subject]
    assert len(proposed) == 3
    assert sorted(letter.to for letter in written) == sorted(
        [f"{lawyer.username}@example.org"] for lawyer in case.lawyers
    )
    assert all(case.contract.number in letter.body and "/staffing/proposals/" in letter.body for letter in written)
    assert all("Nobody is assigned against their will" in letter.body for letter in written)


def test_nobody_answers_for_another():
    case = make_case((0.01,), (0.0, 0.1))
    [proposal] = publish_case(case)
    for nearly in (case.lawyers[1], case.parties.bidder, case.parties.officer):
        with pytest.raises(errors.NotYours):
            services_proposals.accept_assignment(actor=nearly, assignment=proposal, now=clock.now())
        with pytest.raises(errors.NotYours):
            services_proposals.decline_assignment(actor=nearly, assignment=proposal, reason="不便", now=clock.now())
    proposal.refresh_from_db()
    assert (proposal.state, case.post(0).state) == ("proposed", "vacant")


def test_declining_needs_a_reason():
    case = make_case((0.01,), (0.0,))
    [proposal] = publish_case(case)
    for empty in ("", "  \n"):
        with pytest.raises(errors.ReasonMissing):
            services_proposals.decline_assignment(
                actor=case.lawyers[0], assignment=proposal, reason=empty, now=clock.now()
            )
    proposal.refresh_from_db()
    assert proposal.state == "proposed"
    services_proposals.decline_assignment(
        actor=case.lawyers[0], assignment=proposal, reason="近期住院", now=clock.now()
    )
    proposal.refresh_from_db()
    assert (proposal.state, proposal.answer_note) == ("declined", "近期住院")
    assert case.post(0).state == "vacant"


def test_repair_keeps_who_accepted_and_does_not_ask_the_decliner_again():
    case = make_case((0.01, 0.02, 0.09), (0.0, 0.1), capacity=3)
    west, east = case.lawyers
    first, second, third = publish_case(case)
    assert [a.person for a in (first, second, third)] == [west, west, east]
    services_proposals.accept_assignment(actor=west, assignment=first, now=clock.now())
    services_proposals.decline_assignment(actor=west, assignment=second, reason="方言不通", now=clock.now())
    repair = run_case(case)
    # Only the declined village is open: one is served, one waits for its answer.
    assert repair.problem["posts"]["key"] == [second.post_id]
    [proposal] = repair.assignments.all()
    assert proposal.person == east
    assert proposal.reason["barred"] == [
        {"person": west.pk, "minutes": proposal.reason["barred"][0]["minutes"], "bars": ["declined"]}
    ]
    first.refresh_from_db()
    third.refresh_from_db()
    assert (first.state, third.state) == ("accepted", "proposed")


def test_a_proposal_ends_with_its_deadline_by_the_database_clock(at):
    now = at(datetime(2026, 11, 23, 10))
    case = make_case((0.01,), (0.0,), now=now)
    [proposal] = publish_case(case, now=now)
    assert proposal.respond_by is not None
    at(proposal.respond_by)
    assert services_proposals.expire_overdue(now=clock.now()) == 0
    late = at(proposal.respond_by + timedelta(microseconds=1))
    for act in (
        lambda: services_proposals.accept_assignment(actor=case.lawyers[0], assignment=proposal, now=now),
        lambda: services_proposals.decline_assignment(
            actor=case.lawyers[0], assignment=proposal, reason="晚了", now=now
        ),
    ):
        with pytest.raises(errors.AnswerTooLate):
            act()
    assert services_proposals.expire_overdue(now=late) == 1
    assert services_proposals.expire_overdue(now=late) == 0
    proposal.refresh_from_db()
    assert (proposal.state, case.post(0).state) == ("expired", "vacant")
    with pytest.raises(errors.AnswerTooLate):
        services_proposals.accept_assignment(actor=case.lawyers[0], assignment=proposal, now=late)
    # Whoever did not answer is not asked for this village again.
    assert run_case(case).empty_posts.get().reason["barred"][0]["bars"] == ["no_answer"]


def test_the_last_instant_is_in_time(at):
    now = at(datetime(2026, 11, 23, 10))
    case = make_case((0.01,), (0.0,), now=now)
    [proposal] = publish_case(case, now=now)
    services_proposals.accept_assignment(actor=case.lawyers[0], assignment=proposal, now=at(proposal.respond_by))
    assert case.post(0).state == "filled"


def test_taking_a_proposal_back(mailoutbox, client_for, django_capture_on_commit_callbacks):
    case = make_case((0.01,), (0.0,))
    User.objects.filter(pk=case.lawyers[0].pk).update(email="lawyer@example.org")
    [proposal] = publish_case(case)
    with pytest.raises(PermissionRefused):
        services_proposals.withdraw_assignment(actor=case.lawyers[0], assignment=proposal, reason="试", now=clock.now())
    with pytest.raises(errors.ReasonMissing):
        services_proposals.withdraw_assignment(
            actor=case.parties.bidder, assignment=proposal, reason="", now=clock.now()
        )
    with django_capture_on_commit_callbacks(execute=True):
        services_proposals.withdraw_assignment(
            actor=case.parties.bidder, assignment=proposal, reason="律师调离", now=clock.now()
        )
    assert states(case) == ["withdrawn"]
    [letter] = mailoutbox
    assert letter.to == ["lawyer@example.org"]
    assert "律师调离" in letter.body
    assert "律师调离" in client_for(case.lawyers[0]).get(reverse("staffing:proposals")).content.decode()
    with pytest.raises(IllegalTransition):
        services_proposals.accept_assignment(actor=case.lawyers[0], assignment=proposal, now=clock.now())


def test_a_refusal_of_the_contract_room_leaves_the_proposal_open():
    case = make_case((0.01,), (0.0,))
    [proposal] = publish_case(case)
    lawyer = case.lawyers[0]
    lawyer.sanctions.create(
        reason="示例", basis="示例", valid_from=clock.today(), decided_by=case.parties.officer, decided_at=clock.now()
    )
    from marketplace.contracts.errors import AdviserSanctioned

    with pytest.raises(AdviserSanctioned):
        services_proposals.accept_assignment(actor=lawyer, assignment=proposal, now=clock.now())
    assert states(case) == ["proposed"]
    assert case.post(0).state == "vacant"


# Assignments follow their posts


def test_an_adviser_who_leaves_ends_the_assignment(django_capture_on_commit_callbacks):
    case = make_case((0.01,), (0.0,))
    [proposal] = publish_case(case)
    services_proposals.accept_assignment(actor=case.lawyers[0], assignment=proposal, now=clock.now())
    with django_capture_on_commit_callbacks(execute=True):
        vacate_post(post=case.post(0), actor=case.parties.bidder, reason="调离", now=clock.now())
    assert states(case) == ["ended"]
    assert len(run_case(case).problem["posts"]["key"]) == 1


def test_a_post_filled_by_hand_takes_its_proposal_back_and_says_so(
    mailoutbox, client_for, django_capture_on_commit_callbacks
):
    case = make_case((0.01,), (0.0, 0.1))
    publish_case(case)
    [proposal] = Assignment.objects.all()
    User.objects.filter(pk=proposal.person_id).update(email="asked@example.org")
    with django_capture_on_commit_callbacks(execute=True):
        fill_post(post=case.post(0), adviser=case.lawyers[1], actor=case.parties.bidder, now=clock.now())
    assert states(case) == ["withdrawn"]
    [letter] = mailoutbox
    assert "Somebody else serves there by now." in letter.body
    record = reverse("audit:trail", args=["staffing.assignment", proposal.pk])
    assert (
        "Somebody else serves there by now."
        in client_for(case.parties.officer, language="en").get(record).content.decode()
    )


def test_the_sweep_repairs_what_lost_news_left():
    case = make_case((0.01, 0.09), (0.0, 0.1))
    first, second = publish_case(case)
    services_proposals.accept_assignment(actor=first.person, assignment=first, now=clock.now())
    Post.objects.filter(pk=first.post_id).update(state="vacant", adviser=None, adviser_since=None)
    Post.objects.filter(pk=second.post_id).update(state="closed")
    assert tasks.sweep() == 2
    assert states(case) == ["ended", "withdrawn"]
    assert tasks.sweep() == 0


# Volunteers


def shifts():
    day = timezone.localtime(clock.now() + timedelta(days=10)).replace(hour=9, minute=0)
    return [NewShift(day, day.replace(hour=11), 1)]


def test_volunteers_are_called_for_what_stays_empty_once():
    case = make_case((0.01, 0.02, 0.03), (0.0,), capacity=1)
    [proposal] = publish_case(case, languages=["hmu"])
    host = make_organisation(OrganisationKind.VILLAGE, region=case.villages[2])
    opened = calls.call_volunteers(
        actor=case.parties.officer, contract=case.contract, shifts=shifts(), **WHERE, now=clock.now()
    )
    left = {v for i, v in enumerate(case.villages) if case.post(i).pk != proposal.post_id}
    assert {o.region for o in opened} == left
    assert all(
        (o.state, o.kind, o.organiser, o.languages) == ("open", "on_site", case.parties.buyer, ["hmu"]) for o in opened
    )
    assert {o.seeks_adviser_for_post for o in opened} == {
        case.post(i).pk for i, v in enumerate(case.villages) if v in left
    }
    hosts = {o.region_id: o.host for o in opened}
    assert hosts.get(case.villages[2].pk, host) == host
    assert case.parties.buyer in hosts.values()
    assert all(o.title.endswith("招募志愿法律顾问") and o.title_en and o.shifts.count() == 1 for o in opened)
    with pytest.raises(errors.NoGap):
        calls.call_volunteers(
            actor=case.parties.officer, contract=case.contract, shifts=shifts(), **WHERE, now=clock.now()
        )
    # A proposal that is declined later opens one more gap; the others keep their call.
    services_proposals.decline_assignment(actor=proposal.person, assignment=proposal, reason="路远", now=clock.now())
    [more] = calls.call_volunteers(
        actor=case.parties.officer, contract=case.contract, shifts=shifts(), **WHERE, now=clock.now()
    )
    assert more.seeks_adviser_for_post == proposal.post_id
    assert Opportunity.objects.count() == 3


def test_only_the_buyers_officer_calls_volunteers_and_after_a_round():
    case = make_case((0.01, 0.02), (0.0,), capacity=1)
    with pytest.raises(errors.NoRoundYet):
        calls.call_volunteers(
            actor=case.parties.officer, contract=case.contract, shifts=shifts(), **WHERE, now=clock.now()
        )
    publish_case(case)
    stranger = make_member(Role.OFFICER, make_organisation(OrganisationKind.BUREAU))
    for nearly in (case.parties.bidder, case.parties.approver, stranger):
        with pytest.raises(PermissionRefused):
            calls.call_volunteers(actor=nearly, contract=case.contract, shifts=shifts(), **WHERE, now=clock.now())
    assert not Opportunity.objects.exists()


# What waits for whom


def test_work_waits_for_the_right_people(django_assert_num_queries):
    case = make_case((0.01, 0.02, 0.03), (0.0,), capacity=2)
    lawyer, officer, bidder = case.lawyers[0], case.parties.officer, case.parties.bidder

    def titles(user):
        return [str(item.title) for item in work_items(type(user).objects.get(pk=user.pk), clock.now())]

    with_none = titles(officer)
    assert with_none == titles(bidder)
    assert len(with_none) == 1
    assert "3" in with_none[0]
    run = run_case(case)
    assert len(titles(officer)) == 1
    assert titles(lawyer) == []
    services_proposals.publish_run(actor=officer, run=run, now=clock.now())
    assert len(titles(lawyer)) == 1
    items = list(work_items(lawyer, clock.now()))
    assert items[0].due_at == Assignment.objects.filter(state="proposed")[0].respond_by
    assert len(titles(officer)) == 1
    assert titles(case.parties.finance) == []
    fresh = type(officer).objects.get(pk=officer.pk)
    with django_assert_num_queries(3):
        list(work_items(fresh, clock.now()))
    # Once volunteers are called nothing is left to do but wait.
    calls.call_volunteers(actor=officer, contract=case.contract, shifts=shifts(), **WHERE, now=clock.now())
    assert titles(officer) == titles(bidder) == []


def test_a_lawyer_of_two_contracts_is_not_overbooked_by_accepting():
    case = make_case((0.01, 0.02, 0.03, 0.04, 0.05), (0.0,), capacity=9)
    lawyer = case.lawyers[0]
    for proposal in publish_case(case):
        services_proposals.accept_assignment(actor=lawyer, assignment=proposal, now=clock.now())
    other = make_case((0.06,), (), parties=case.parties)
    assert run_case(other).empty_posts.get().reason["barred"][0]["bars"] == ["no_capacity"]
    a_lawyer(case.parties.supplier, 0.0)
    assert run_case(other).assignments.count() == 1
