"""Repairs: only what fell free is filled, nobody else moves; by themselves, once, as often as the officer allowed."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from marketplace.accounts import picking
from marketplace.accounts.models import Membership, OrganisationKind, Role
from marketplace.audit.models import Event
from marketplace.contracts import services as contracts
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from marketplace.staffing import errors, selectors, services, services_proposals, services_repair, tasks
from marketplace.staffing.models import Assignment, AssignmentRun
from tests.factories.accounts import make_member, make_organisation
from tests.factories.staffing import make_case, publish_case, repair_case, run_case

pytestmark = pytest.mark.django_db


def decline(proposal, reason="路远"):
    return services_proposals.decline_assignment(
        actor=proposal.person, assignment=proposal, reason=reason, now=clock.now()
    )


def accept(proposal):
    return services_proposals.accept_assignment(actor=proposal.person, assignment=proposal, now=clock.now())


def work():
    """What the workers do; gives how many runs waited for them."""
    queued = list(AssignmentRun.objects.filter(state="queued").values_list("pk", flat=True))
    for run_id in queued:
        tasks.execute(run_id)
    return len(queued)


def test_who_leaves_after_a_repair_is_missed_too():
    """An adviser of the first plan gives up when a repair was sent already: the next repair is offered for that village."""
    case = make_case((0.01, 0.02, 0.9), (0.0, 0.1), capacity=4)
    first, second = publish_case(case)
    accept(first)
    decline(second)
    repair = services_proposals.publish_run(
        actor=case.parties.officer, run=repair_case(case, first.run), now=clock.now()
    )
    accept(repair.assignments.get())
    assert selectors.repairable(repair) is None  # what it could fill with nobody did not fall free
    contracts.vacate_post(post=first.post, actor=case.parties.officer, reason="调离", now=clock.now())
    services_proposals.settle(now=clock.now())
    free = selectors.repairable(repair)
    assert free is not None
    assert (free.total, free.kept) == (1, 1)
    assert selectors.fallen_free(first.run).count() == 0
    assert repair_case(case, repair).follows_id == repair.pk


def test_a_repair_that_waits_to_be_sent_is_not_asked_for_again(client_for):
    case = make_case((0.01, 0.02), (0.0, 0.1), capacity=2)
    first, _second = publish_case(case)
    decline(first)
    officer, page = client_for(case.parties.officer), reverse("staffing:run", args=[first.run_id])
    again = reverse("staffing:repair", args=[first.run_id])
    assert again in officer.get(page).content.decode()
    repair_case(case, first.run)
    assert again not in officer.get(page).content.decode()


def test_a_repair_says_who_moved_and_why_and_moves_nobody_else():
    case = make_case((0.01, 0.02, 0.09, 0.1), (0.0, 0.1), capacity=4)
    first, second, third, fourth = publish_case(case)
    west, east = case.lawyers
    accept(first)
    decline(second, "方言不通")
    Assignment.objects.filter(pk=fourth.pk).update(respond_by=clock.now() - timedelta(minutes=1))
    services_proposals.expire_overdue(now=clock.now())
    repair = repair_case(case, first.run)
    assert (repair.kind, repair.follows_id, repair.automatic) == ("repair", first.run_id, False)
    assert repair.before["kept"] == sorted([[first.post_id, west.pk], [third.post_id, east.pk]])
    assert repair.problem["posts"]["key"] == sorted([second.post_id, fourth.post_id])
    found = {a.post_id: (a.person, a.replaces_id) for a in repair.assignments.select_related("person")}
    assert found == {second.post_id: (east, second.pk), fourth.post_id: (west, fourth.pk)}
    assert repair.summary["changes"] == {
        "unchanged": 2, "new": 0, "moved": 2, "again": 0, "lost": 0, "still_empty": 0,
    }  # fmt: skip
    for kept, state in ((first, "accepted"), (third, "proposed")):
        kept.refresh_from_db()
        assert kept.state == state


def test_a_repair_names_what_it_lost_and_what_it_newly_filled():
    case = make_case((0.01, 0.02), (0.0,), capacity=1)
    [served] = publish_case(case)
    decline(served)
    repair = repair_case(case, served.run)
    # The decliner takes the village that had nobody; nobody is left for the one he declined.
    [proposal] = repair.assignments.all()
    assert (proposal.post_id != served.post_id, proposal.replaces) == (True, None)
    [lost] = repair.empty_posts.all()
    assert (lost.post_id, lost.replaces_id) == (served.post_id, served.pk)
    changes = repair.summary["changes"]
    assert (changes["new"], changes["lost"], changes["moved"]) == (1, 1, 0)


def test_who_was_taken_from_a_village_is_not_proposed_for_it_again(client_for):
    """The nearest one was sent away by the bureau: the repair asks the other, and says why."""
    case = make_case((0.01,), (0.0, 0.1), capacity=2)
    [first] = publish_case(case)
    near, far = case.lawyers
    assert first.person == near
    accept(first)
    contracts.vacate_post(post=first.post, actor=case.parties.officer, reason="群众不满意", now=clock.now())
    services_proposals.settle(now=clock.now())
    repair = repair_case(case, first.run)
    [proposal] = repair.assignments.all()
    assert proposal.person == far
    assert [(each["person"], each["bars"]) for each in proposal.reason["barred"]] == [(near.pk, ["removed"])]
    officer = client_for(case.parties.officer, language="en")
    page = officer.get(reverse("staffing:assignment", args=[proposal.pk])).content.decode()
    assert "was taken from this village before" in page
    asked = {"village": first.post.region_id, "person": picking.proposal(near)}
    page = officer.get(reverse("staffing:why_not", args=[repair.pk]), asked).content.decode()
    assert "was taken from this village before" in page
    assert "if this lawyer were asked for the village again" in page


def test_who_left_by_himself_may_be_proposed_again():
    case = make_case((0.01,), (0.0, 0.1), capacity=2)
    [first] = publish_case(case)
    accept(first)
    contracts.vacate_post(post=first.post, actor=first.person, reason="休产假", now=clock.now())
    services_proposals.settle(now=clock.now())
    repair = repair_case(case, first.run)
    assert repair.assignments.get().person == first.person


def test_the_wishes_of_a_repair_are_those_of_the_run():
    case = make_case((0.01, 0.09), (0.0, 0.1))
    first, _second = publish_case(case, radius_minutes=75, languages=["hmu"])
    decline(first)
    repair = repair_case(case, first.run)
    assert services_repair.wishes_of(repair) == services_repair.wishes_of(first.run)
    assert repair.parameters["radius_minutes"] == 75


def test_there_is_nothing_to_repair_while_nothing_fell_free():
    case = make_case((0.01,), (0.0,))
    [proposal] = publish_case(case)
    with pytest.raises(errors.NothingToRepair):
        repair_case(case, proposal.run)
    decline(proposal)
    later = services_proposals.publish_run(
        actor=case.parties.officer, run=repair_case(case, proposal.run), now=clock.now()
    )
    with pytest.raises(errors.NothingToRepair):
        repair_case(case, proposal.run)  # it is the later one that would be repaired
    assert later.follows_id == proposal.run_id


def test_who_may_ask_for_a_repair_and_who_may_let_it_begin_by_itself():
    case = make_case((0.01, 0.09), (0.0, 0.1))
    run = run_case(case)
    stranger = make_member(Role.OFFICER, make_organisation(OrganisationKind.BUREAU))
    for nearly in (case.parties.bidder, case.parties.approver, case.lawyers[0], stranger):
        with pytest.raises(PermissionRefused):
            services_proposals.publish_run(actor=nearly, run=run, now=clock.now(), rounds=1)
    run.refresh_from_db()
    assert (run.state, run.rounds_left) == ("done", 0)
    for wrong in (-1, 6):
        with pytest.raises(errors.BadWish):
            services_proposals.publish_run(actor=case.parties.officer, run=run, now=clock.now(), rounds=wrong)
    services_proposals.publish_run(actor=case.parties.officer, run=run, now=clock.now(), rounds=2)
    decline(run.assignments.order_by("pk")[0])
    for nearly in (case.parties.approver, case.lawyers[0], stranger):
        with pytest.raises(PermissionRefused):
            services_repair.request_repair(actor=nearly, run=run, now=clock.now())
    for nearly in (case.parties.bidder, case.lawyers[0], stranger):
        with pytest.raises(PermissionRefused):
            services_repair.stop_repairs(actor=nearly, run=run, now=clock.now())
    run.refresh_from_db()
    assert (run.rounds_left, run.automated_by) == (2, case.parties.officer)
    assert AssignmentRun.objects.count() == 1


def test_by_itself_once_all_have_answered_and_as_often_as_allowed():
    case = make_case((0.01, 0.02), (0.0, 0.05, 0.1), capacity=3)
    run = services_proposals.publish_run(actor=case.parties.officer, run=run_case(case), now=clock.now(), rounds=2)
    first, second = run.assignments.order_by("pk")
    decline(first)
    tasks.sweep()
    assert not run.repairs.exists()  # one may still answer
    accept(second)
    tasks.sweep()
    tasks.sweep()
    assert work() == 1
    [repair] = run.repairs.all()
    assert (repair.kind, repair.automatic, repair.state, repair.rounds_left) == ("repair", True, "published", 1)
    [asked] = repair.assignments.all()
    assert (asked.state, asked.post_id, asked.person != first.person) == ("proposed", first.post_id, True)
    second.refresh_from_db()
    assert second.state == "accepted"
    decline(asked)
    tasks.sweep()
    work()
    [last] = repair.repairs.all()
    assert (last.state, last.rounds_left) == ("published", 0)
    decline(last.assignments.get())
    tasks.sweep()
    assert not last.repairs.exists()
    assert AssignmentRun.objects.count() == 3
    # Nobody did it: the record says so, and who had decided it.
    requests = Event.objects.filter(action="run.request").order_by("pk")
    assert [event.actor for event in requests] == [case.parties.bidder, None, None]
    assert requests[1].data["repairs"] == run.pk
    assert {last.requested_by, repair.requested_by} == {case.parties.officer}


def test_by_itself_when_the_time_is_up(at):
    now = at(datetime(2026, 11, 23, 10))
    case = make_case((0.01,), (0.0, 0.02), now=now)
    run = services_proposals.publish_run(actor=case.parties.officer, run=run_case(case, now=now), now=now, rounds=1)
    [proposal] = run.assignments.all()
    assert proposal.respond_by is not None
    at(proposal.respond_by + timedelta(seconds=1))
    tasks.sweep()
    work()
    [repair] = run.repairs.all()
    assert repair.state == "published"
    assert repair.assignments.get().person != proposal.person


def test_it_stops_when_nobody_is_found_and_says_so():
    case = make_case((0.01,), (0.0,))
    run = services_proposals.publish_run(actor=case.parties.officer, run=run_case(case), now=clock.now(), rounds=3)
    decline(run.assignments.get())
    for _ in range(4):
        tasks.sweep()
        work()
    [repair] = run.repairs.all()
    assert (repair.state, repair.rounds_left, repair.assignments.count()) == ("published", 0, 0)
    assert AssignmentRun.objects.count() == 2


def test_it_stops_when_all_are_served_and_on_request():
    case = make_case((0.01,), (0.0,))
    run = services_proposals.publish_run(actor=case.parties.officer, run=run_case(case), now=clock.now(), rounds=3)
    accept(run.assignments.get())
    tasks.sweep()
    run.refresh_from_db()
    assert (run.rounds_left, run.repairs.count()) == (0, 0)
    assert Event.objects.get(action="run.stop_repairs").reason == "nothing_vacant"
    other = make_case((0.01,), (0.0, 0.02))
    run = services_proposals.publish_run(actor=other.parties.officer, run=run_case(other), now=clock.now(), rounds=1)
    services_repair.stop_repairs(actor=other.parties.officer, run=run, now=clock.now())
    services_repair.stop_repairs(actor=other.parties.officer, run=run, now=clock.now())
    decline(run.assignments.get())
    tasks.sweep()
    assert not run.repairs.exists()
    assert Event.objects.filter(action="run.stop_repairs", actor=other.parties.officer).count() == 1


def test_an_officer_who_left_decides_nothing_any_more():
    case = make_case((0.01,), (0.0, 0.02))
    run = services_proposals.publish_run(actor=case.parties.officer, run=run_case(case), now=clock.now(), rounds=1)
    decline(run.assignments.get())
    Membership.objects.filter(user=case.parties.officer).update(state="ended")
    Membership.generation += 1
    tasks.sweep()
    run.refresh_from_db()
    assert (run.rounds_left, run.repairs.count()) == (0, 0)
    assert Event.objects.get(action="run.stop_repairs").reason == "officer_left"


@pytest.mark.parametrize("news", [True, False])
def test_a_contract_that_ends_ends_its_runs(news, mailoutbox, client_for, django_capture_on_commit_callbacks):
    """At once, by the news; were that lost, the sweep does it: nothing is computed, sent or repaired any more, and whoever was
    asked hears of it."""
    case = make_case((0.01, 0.02, 0.9), (0.0, 0.1), capacity=4)
    run = services_proposals.publish_run(actor=case.parties.officer, run=run_case(case), now=clock.now(), rounds=2)
    first, second = run.assignments.select_related("post", "person", "run").order_by("post__region_id")
    accept(first)
    second.person.email = "asked@example.org"
    second.person.save()
    computed = run_case(case)
    with django_capture_on_commit_callbacks(execute=news):
        contracts.terminate_contract(
            actor=case.parties.approver, contract=case.contract, reason="供应商违约", now=clock.now()
        )
    assert AssignmentRun.objects.filter(state="cancelled").exists() == news
    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep()
    computed.refresh_from_db()
    first.run.refresh_from_db()
    second.refresh_from_db()
    assert (computed.state, first.run.rounds_left, second.state) == ("cancelled", 0, "withdrawn")
    assert Event.objects.get(action="run.stop_repairs").reason == "contract_ended"
    assert Event.objects.get(action="assignment.withdraw").reason == "contract_ended"
    [letter] = [each for each in mailoutbox if each.to == ["asked@example.org"]]
    assert "The contract has ended." in letter.body
    page = client_for(second.person).get(reverse("staffing:proposals")).content.decode()
    assert reverse("staffing:assignment", args=[second.pk]) in page
    assert services_repair.end_with_contracts(now=clock.now()) == 0


def test_somebody_who_computes_comes_first():
    case = make_case((0.01,), (0.0, 0.02))
    run = services_proposals.publish_run(actor=case.parties.officer, run=run_case(case), now=clock.now(), rounds=1)
    decline(run.assignments.get())
    mine = repair_case(case, run)
    tasks.sweep()
    mine.refresh_from_db()
    assert (mine.state, work()) == ("done", 0)
    services_proposals.publish_run(actor=case.parties.officer, run=mine, now=clock.now())
    tasks.sweep()
    assert AssignmentRun.objects.count() == 2


def test_the_database_lets_one_repair_begin_by_itself():
    case = make_case((0.01,), (0.0,))
    [proposal] = publish_case(case)
    common = {"contract": case.contract, "requested_by": case.parties.officer, "requested_at": clock.now()}
    repair = {**common, "kind": "repair", "follows": proposal.run, "automatic": True, "state": "cancelled"}
    AssignmentRun.objects.create(**repair)
    for wrong in (
        repair,
        {**common, "kind": "repair", "state": "cancelled"},
        {**common, "kind": "full", "follows": proposal.run, "state": "cancelled"},
        {**common, "rounds_left": 1, "state": "cancelled"},
        {**common, "rounds_left": 6, "automated_by": case.parties.officer, "state": "cancelled"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            AssignmentRun.objects.create(**wrong)


def test_the_pages_offer_a_repair_and_show_what_it_changed(client_for):
    case = make_case((0.01, 0.02, 0.09), (0.0, 0.1), capacity=3)
    first, second, _third = publish_case(case)
    officer = client_for(case.parties.officer, language="en")
    contract = reverse("staffing:contract", args=[case.contract.pk])
    repair = reverse("staffing:repair", args=[first.run_id])
    assert repair not in officer.get(contract).content.decode()
    decline(first, "Too far in winter")
    page = officer.get(contract).content.decode()
    assert "1 village became vacant" in page
    assert "2 villages, whose lawyers accepted or may still answer, stay as they are" in page
    assert repair in officer.get(reverse("staffing:run", args=[first.run_id])).content.decode()
    assert client_for(case.parties.approver).post(repair).status_code == 403
    for nearly in (case.lawyers[0], make_member(Role.OFFICER, make_organisation(OrganisationKind.BUREAU))):
        assert client_for(nearly).post(repair).status_code == 404
    assert AssignmentRun.objects.count() == 1
    answer = officer.post(repair)
    run = AssignmentRun.objects.get(follows=first.run)
    assert answer.url == reverse("staffing:run", args=[run.pk])
    services.execute_run(run_id=run.pk, now=clock.now())
    page = officer.get(answer.url).content.decode()
    assert "Since the last computation" in page
    assert "declined: “Too far in winter”" in page
    assert case.lawyers[0].display_name_en in page
    lines = (
        b"".join(officer.get(reverse("staffing:changes_csv", args=[run.pk])).streaming_content).decode().splitlines()
    )
    assert len(lines) == 2
    assert "moved" in lines[1]
    publish = reverse("staffing:publish", args=[run.pk])
    assert "fill gaps automatically, at most 2 times" in officer.get(publish).content.decode()
    assert "fill gaps automatically" not in client_for(case.parties.bidder, language="en").get(publish).content.decode()
    assert officer.post(publish, {"rounds": "9"}).status_code == 422
    assert officer.post(publish, {"rounds": "2"}).status_code == 302
    run.refresh_from_db()
    assert (run.state, run.rounds_left) == ("published", 2)
    stop = reverse("staffing:stop_repairs", args=[run.pk])
    assert stop in officer.get(reverse("staffing:run", args=[run.pk])).content.decode()
    assert client_for(case.parties.approver).post(stop).status_code == 403
    officer.post(stop)
    run.refresh_from_db()
    assert run.rounds_left == 0
    assert second.state == "proposed"
