"""Requesting, computing, publishing: who may, what is frozen, what is stored, and once only."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from marketplace.accounts.models import OrganisationKind, Role
from marketplace.audit.models import Event
from marketplace.contracts.services import fill_post
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from marketplace.core.states import IllegalTransition
from marketplace.matching.problem import from_document
from marketplace.staffing import computing, errors, services, services_proposals
from marketplace.staffing.models import Assignment, AssignmentRun
from tests.factories.accounts import make_credential, make_member, make_membership, make_organisation, make_practitioner
from tests.factories.contracts import make_contract, parties_of
from tests.factories.staffing import a_lawyer, a_village, make_case, publish_case, run_case

pytestmark = pytest.mark.django_db


def china(*parts):
    return timezone.make_aware(datetime(*parts))


def test_a_run_serves_each_village_by_the_nearer_lawyer_and_says_why():
    case = make_case((0.01, 0.05, 0.09), (0.0, 0.1))
    run = run_case(case)
    west, east = case.lawyers
    rows = {a.post.region_id: a for a in run.assignments.select_related("post")}
    assert run.state == "done"
    assert run.progress == 100
    assert rows[case.villages[0].code].person == west
    assert rows[case.villages[2].code].person == east
    assert len(rows) == 3
    assert {a.state for a in rows.values()} == {"computed"}
    near = rows[case.villages[0].code]
    assert 5 <= near.travel_minutes <= 9
    assert near.reason["eligible"] == 2
    assert near.reason["alternatives"][0]["person"] == east.pk
    assert near.reason["alternatives"][0]["added"] > 0
    assert run.result["objective"] | {"pair_cost": 0, "load_cost": 0} == {
        "posts": 3, "filled": 3, "empty": 0, "empty_by_rank": [0], "pair_cost": 0, "load_cost": 0,
    }  # fmt: skip
    assert run.result["proof"]["primal"] == run.result["proof"]["dual"]
    assert run.result["proof"]["pairs_read"] == run.result["pairs"]["eligible"] == 6


def test_the_frozen_problem_is_what_the_tables_said():
    case = make_case((0.01, 0.05), (0.0, 0.1), capacity=9)
    run = run_case(case, languages=["hmu"], wanted=["land"], radius_minutes=90)
    problem = from_document(run.problem)
    assert problem.digest() == run.digest
    assert sorted(problem.posts.key) == sorted(case.contract.posts.values_list("pk", flat=True))
    assert problem.people.key.tolist() == sorted(lawyer.pk for lawyer in case.lawyers)
    # The standard allows five villages an adviser, though the profile says nine.
    assert problem.people.capacity.tolist() == [5, 5]
    assert problem.parameters.radius_minutes == 90
    # A formerly poor county has slower roads and comes first.
    assert problem.posts.kmh.tolist() == [32, 32]
    assert problem.posts.tier.tolist() == [2, 2]
    bits = run.parameters["bits"]
    assert problem.posts.languages.tolist() == [1 << bits["languages"].index("hmu")] * 2
    assert problem.posts.wanted.tolist() == [1 << bits["specialties"].index("land")] * 2


def test_nobody_chooses_the_seed_and_equal_facts_have_one():
    case = make_case()
    first, second = run_case(case), run_case(case)
    assert first.problem["parameters"]["seed"] == second.problem["parameters"]["seed"] != 0
    assert first.digest == second.digest
    assert run_case(case, radius_minutes=61).problem["parameters"]["seed"] != first.problem["parameters"]["seed"]


def test_who_is_not_asked():
    case = make_case((0.01,), (0.0,))
    firm = case.parties.supplier
    a_lawyer(firm, open_to_posts=False)
    a_lawyer(firm, licensed=False)
    expired = a_lawyer(firm, licensed=False)
    make_credential(expired, valid_from=clock.today() - timedelta(900), valid_until=clock.today() - timedelta(1))
    other_kind = a_lawyer(firm, licensed=False)
    make_credential(other_kind, kind="notary")
    sanctioned = a_lawyer(firm)
    sanctioned.sanctions.create(
        reason="示例", basis="示例", valid_from=clock.today(), decided_by=case.parties.officer, decided_at=clock.now()
    )
    make_practitioner(make_organisation(OrganisationKind.LAW_FIRM))
    make_membership(a_lawyer(make_organisation(OrganisationKind.LAW_FIRM)), firm, Role.LAWYER, state="ended")
    run = run_case(case)
    assert run.problem["people"]["key"] == [case.lawyers[0].pk]
    assert run.parameters["left_out"] == {"not_open": 1, "not_licensed": 4}


def test_served_villages_and_open_proposals_take_capacity():
    parties_case = make_case((0.01, 0.02, 0.03), (0.0,), capacity=2)
    lawyer, parties = parties_case.lawyers[0], parties_case.parties
    fill_post(post=parties_case.post(0), adviser=lawyer, actor=parties.bidder, now=clock.now())
    first = run_case(parties_case)
    assert first.problem["people"]["load"] == [1]
    assert first.assignments.count() == 1
    services_proposals.publish_run(actor=parties.officer, run=first, now=clock.now())
    again = run_case(parties_case)
    # The proposal that waits keeps its post out of the problem, and its lawyer's place taken.
    assert len(again.problem["posts"]["key"]) == 1
    assert again.problem["people"]["load"] == [2]
    assert again.assignments.count() == 0
    assert again.empty_posts.get().because == "barred"
    assert again.empty_posts.get().reason["barred"][0]["bars"] == ["no_capacity"]


def test_a_village_without_a_place_takes_the_place_above_it_or_is_named():
    case = make_case((0.01, 0.02), (0.0,))
    case.villages[1].__class__.objects.filter(pk=case.villages[1].pk).update(
        longitude=None, latitude=None, location_source="none", name="无名示例村"
    )
    with pytest.raises(errors.PlaceUnknown, match="无名示例村"):
        run_case(case)
    assert not AssignmentRun.objects.exists()
    case.villages[1].__class__.objects.filter(code=522634100000).update(
        longitude=108.3, latitude=26.38, location_source="corrected"
    )
    run = run_case(case)
    assert sorted(run.problem["posts"]["longitude"]) == [pytest.approx(108.09), 108.3]


# Permissions


def test_both_parties_may_ask_and_their_other_people_may_not():
    case = make_case()
    parties = case.parties
    other = make_member(Role.OFFICER, make_organisation(OrganisationKind.BUREAU))
    rival = make_member(Role.BIDDER, make_organisation(OrganisationKind.LAW_FIRM))
    for nearly in (parties.approver, parties.finance, case.lawyers[0], other, rival):
        with pytest.raises(PermissionRefused):
            services.request_run(actor=nearly, contract=case.contract, now=clock.now())
    assert not AssignmentRun.objects.exists()
    assert not Event.objects.filter(action__startswith="run.").exists()
    for allowed in (parties.officer, parties.bidder, make_member(Role.ADMIN, parties.supplier)):
        run = services.request_run(actor=allowed, contract=case.contract, now=clock.now())
        assert run.state == "queued"
        services.cancel_run(actor=allowed, run=run, now=clock.now())


def test_nearly_allowed_people_cannot_publish_or_cancel():
    case = make_case()
    run = run_case(case)
    for nearly in (case.parties.approver, case.lawyers[0]):
        with pytest.raises(PermissionRefused):
            services_proposals.publish_run(actor=nearly, run=run, now=clock.now())
        with pytest.raises(PermissionRefused):
            services.cancel_run(actor=nearly, run=run, now=clock.now())
    run.refresh_from_db()
    assert run.state == "done"
    assert set(run.assignments.values_list("state", flat=True)) == {"computed"}


def test_a_contract_that_is_not_in_performance_is_refused():
    contract = make_contract(active=False, regions=[a_village()])
    with pytest.raises(errors.NotActive):
        services.request_run(actor=parties_of(contract).officer, contract=contract, now=clock.now())


@pytest.mark.parametrize(
    "wish",
    [{"radius_minutes": 5}, {"radius_minutes": "60"}, {"languages": ["klingon"]}, {"wanted": ["x"]}, {"seed": 1}],
)
def test_wishes_that_the_form_does_not_offer_are_refused(wish):
    case = make_case()
    with pytest.raises(errors.BadWish):
        services.request_run(actor=case.parties.officer, contract=case.contract, parameters=wish, now=clock.now())


# One at a time, once only


def test_one_run_at_a_time_and_a_newer_one_replaces_an_unpublished_one():
    case = make_case()
    first = services.request_run(actor=case.parties.officer, contract=case.contract, now=clock.now())
    with pytest.raises(errors.RunUnderWay):
        services.request_run(actor=case.parties.officer, contract=case.contract, now=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        AssignmentRun.objects.create(
            contract=case.contract, requested_by=case.parties.officer, requested_at=clock.now()
        )
    services.execute_run(run_id=first.pk, now=clock.now())
    second = run_case(case)
    first.refresh_from_db()
    assert (first.state, second.state) == ("cancelled", "done")
    with pytest.raises(IllegalTransition):
        services_proposals.publish_run(actor=case.parties.officer, run=first, now=clock.now())


def test_nothing_vacant_is_said():
    case = make_case((0.01,), (0.0,))
    fill_post(post=case.post(0), adviser=case.lawyers[0], actor=case.parties.bidder, now=clock.now())
    with pytest.raises(errors.NothingVacant):
        run_case(case)


def test_executing_twice_stores_once():
    case = make_case()
    run = run_case(case)
    before = list(run.assignments.values())
    services.execute_run(run_id=run.pk, now=clock.now())
    assert list(run.assignments.values()) == before
    assert Event.objects.filter(action="run.finish").count() == 1


def test_a_cancelled_run_stores_nothing(monkeypatch):
    case = make_case()
    run = services.request_run(actor=case.parties.officer, contract=case.contract, now=clock.now())

    def cancelled_meanwhile(problem, *, report):
        answer = computing.compute(problem, report=report)
        services.cancel_run(actor=case.parties.officer, run=run, now=clock.now())
        return answer

    monkeypatch.setattr(services, "compute", cancelled_meanwhile)
    assert services.execute_run(run_id=run.pk, now=clock.now()).state == "cancelled"
    assert not run.assignments.exists()


def test_an_error_of_the_computation_fails_the_run_and_says_so(monkeypatch, caplog):
    case = make_case()
    run = services.request_run(actor=case.parties.officer, contract=case.contract, now=clock.now())

    def broken(problem, *, report):
        raise RuntimeError("no answer")

    monkeypatch.setattr(services, "compute", broken)
    run = services.execute_run(run_id=run.pk, now=clock.now())
    assert (run.state, run.error) == ("failed", "RuntimeError: no answer")
    assert not run.assignments.exists()
    # A failed run does not stand in the way of the next.
    monkeypatch.undo()
    assert run_case(case).state == "done"


def test_a_run_that_never_ends_is_given_up():
    case = make_case()
    run = services.request_run(actor=case.parties.officer, contract=case.contract, now=clock.now())
    AssignmentRun.objects.filter(pk=run.pk).update(state="running", attempts=services.MOST_ATTEMPTS)
    run = services.execute_run(run_id=run.pk, now=clock.now())
    assert run.state == "failed"
    assert "given up" in run.error


# Publishing


def test_publishing_asks_each_person_until_the_third_working_day(at):
    now = at(datetime(2026, 9, 24, 10))  # Thursday; the 25th to the 27th are Mid-Autumn days off
    case = make_case(now=now)
    assignments = publish_case(case, now=now)
    assert {a.state for a in assignments} == {"proposed"}
    assert {timezone.localtime(a.respond_by).date().isoformat() for a in assignments} == {"2026-09-30"}
    run = assignments[0].run
    run.refresh_from_db()
    assert run.state == "published"
    assert Event.objects.filter(action="assignment.propose").count() == 3
    with pytest.raises(IllegalTransition):
        services_proposals.publish_run(actor=case.parties.officer, run=run, now=now)


def test_what_changed_since_the_computation_is_left_out():
    case = make_case((0.01, 0.02, 0.09), (0.0, 0.1))
    run = run_case(case)
    by_post = {a.post_id: a for a in run.assignments.all()}
    other = a_lawyer(case.parties.supplier)
    fill_post(post=case.post(0), adviser=other, actor=case.parties.bidder, now=clock.now())
    west, east = case.lawyers
    east.practitioner.open_to_posts = False
    east.practitioner.save()
    services_proposals.publish_run(actor=case.parties.officer, run=run, now=clock.now())
    states = {a.post_id: a.state for a in Assignment.objects.filter(run=run)}
    assert states[case.post(0).pk] == "withdrawn"
    assert states[case.post(1).pk] == ("proposed" if by_post[case.post(1).pk].person == west else "withdrawn")
    assert states[case.post(2).pk] == "withdrawn"
    reasons = Event.objects.filter(action="assignment.withdraw").values_list("reason", flat=True)
    assert {"post_taken", "person_unavailable"} == set(reasons)


def test_the_database_lets_one_proposal_live_a_post():
    case = make_case((0.01,), (0.0,))
    [live] = publish_case(case)
    twin = AssignmentRun.objects.create(
        contract=case.contract, requested_by=case.parties.officer, requested_at=clock.now(), state="cancelled"
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.create(
            run=twin,
            post=live.post,
            person=live.person,
            cost=1,
            travel_minutes=1,
            state="proposed",
            respond_by=clock.now(),
        )


def test_later_rounds_put_the_villages_that_were_left_first():
    case = make_case((0.01, 0.02), (0.0,), capacity=1)
    [served] = publish_case(case)
    services_proposals.decline_assignment(actor=served.person, assignment=served, reason="时间冲突", now=clock.now())
    left = next(pk for pk in case.contract.posts.values_list("pk", flat=True) if pk != served.post_id)
    again = run_case(case)
    priority = dict(zip(again.problem["posts"]["key"], again.problem["posts"]["priority"], strict=True))
    assert priority == {left: 1, served.post_id: 1}
    assert [a.post_id for a in again.assignments.all()] == [left]
