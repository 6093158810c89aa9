"""Repairs complete a team: whoever accepted or may still answer stays, and only what is lacking is asked of others."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from marketplace.contracts.services import fill_post
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from marketplace.staffing import errors, services, services_proposals, services_repair
from marketplace.staffing.models import Assignment, AssignmentRun
from marketplace.staffing.proof_files import answer_document, flaws, problem_document
from marketplace.staffing.teams.frozen import from_document
from marketplace.staffing.teams.services import request_joint_runs, state_quarrel
from tests.factories import contracts as factory
from tests.factories.accounts import make_member
from tests.factories.contracts import make_parties
from tests.factories.teams import COVERS, FIRM, make_team, publish_team, run_team

pytestmark = pytest.mark.django_db


def answered(team, who_declines):
    """All accept but the person of this number."""
    asked = publish_team(team)
    for each in asked:
        if each.person == team.lawyers[who_declines]:
            services_proposals.decline_assignment(actor=each.person, assignment=each, reason="冲突", now=clock.now())
        else:
            services_proposals.accept_assignment(actor=each.person, assignment=each, now=clock.now())
    return asked


def repaired(team, run):
    repair = services_repair.request_repair(actor=team.parties.officer, run=run, now=clock.now())
    return services.execute_run(run_id=repair.pk, now=clock.now())


def test_a_repair_asks_only_for_what_is_lacking():
    team = make_team([*FIRM, (("labour",), 1, 0.0)])
    asked = answered(team, 2)
    repair = repaired(team, asked[0].run)
    deal = from_document(repair.problem)
    assert deal.problem.contracts.size.tolist() == [1]
    # The senior stayed, and only land is still to be covered.
    assert deal.problem.contracts.seniors.tolist() == [0]
    land = 1 << repair.parameters["bits"]["specialties"].index("land")
    assert deal.problem.contracts.required.tolist() == [land]
    [row] = repair.assignments.all()
    # The nearest lawyer who covers land and did not decline; the one who is nearer covers something else.
    assert row.person == team.lawyers[5]
    assert row.replaces.person == team.lawyers[2]
    assert row.reason["alone"] == land
    publish_team(team, repair)
    kept = Assignment.objects.filter(run=asked[0].run, state="accepted")
    assert kept.count() == 4
    assert (repair.kind, repair.summary["team"]["kept"]) == ("repair", 4)


def test_a_quarrel_with_who_stays_bars():
    team = make_team([*FIRM, (("land",), 3, 0.35)])
    asked = answered(team, 2)
    state_quarrel(actor=team.lawyers[5], other=team.lawyers[1], kind="family", note="夫妻", now=clock.now())
    [row] = repaired(team, asked[0].run).assignments.all()
    assert row.person == team.lawyers[7]


def test_a_repair_that_finds_nobody_says_what_is_lacking(client_for):
    team = make_team([*FIRM[:5], FIRM[6]])
    asked = answered(team, 2)
    repair = repaired(team, asked[0].run)
    [empty] = repair.empty_posts.all()
    assert (empty.because, empty.replaces.person) == ("specialty", team.lawyers[2])
    # He who declined is the one who would help, and he is not asked again.
    assert [each["person"] for each in empty.reason["help"]] == [team.lawyers[2].pk]
    assert empty.reason["help"][0]["bars"] == ["declined"]
    page = client_for(team.parties.officer, language="en").get(reverse("staffing:run", args=[repair.pk]))
    assert "if this lawyer were asked again" in page.content.decode()


def test_a_repair_begins_by_itself_once_all_have_answered():
    team = make_team()
    run = services_proposals.publish_run(actor=team.parties.officer, run=run_team(team), now=clock.now(), rounds=1)
    for each in run.assignments.all():
        if each.person == team.lawyers[4]:
            services_proposals.decline_assignment(actor=each.person, assignment=each, reason="冲突", now=clock.now())
        else:
            services_proposals.accept_assignment(actor=each.person, assignment=each, now=clock.now())
    assert services_repair.repair_by_themselves(now=clock.now()) == 1
    repair = AssignmentRun.objects.get(follows=run)
    assert (repair.shape, repair.automatic) == ("team", True)
    services.execute_run(run_id=repair.pk, now=clock.now())
    services_repair.repair_by_themselves(now=clock.now())
    assert Assignment.objects.get(run=repair).state == "proposed"


def test_nothing_to_repair_is_said_of_seats():
    team = make_team()
    asked = publish_team(team)
    with pytest.raises(errors.NoSeatFellFree):
        services_repair.request_repair(actor=team.parties.officer, run=asked[0].run, now=clock.now())
    with pytest.raises(errors.NoSeatEmpty):
        run_team(team)


# Files that prove it


def test_the_two_files_prove_the_team_without_a_database_and_tampering_shows(tmp_path, capsys):
    team = make_team()
    run = AssignmentRun.objects.defer(None).get(pk=run_team(team).pk)
    problem, answer = json.loads(json.dumps(problem_document(run))), json.loads(json.dumps(answer_document(run)))
    assert list(flaws(problem, answer, draw=True)) == []
    files = [tmp_path / "problem.json", tmp_path / "answer.json"]
    for path, document in zip(files, (problem, answer), strict=True):
        path.write_text(json.dumps(document))
    call_command("verify_run_file", *map(str, files), "--draw")
    assert "no better plan exists" in capsys.readouterr().out
    call_command("replay_run", str(run.pk))
    assert "bit for bit" in capsys.readouterr().out
    outsider = team.lawyers[6].pk

    def wrong(**changes):
        return " ".join(flaws(problem, answer | changes, draw=True))

    worse = [[contract, [outsider, *members[1:]]] for contract, members in answer["teams"]]
    assert "the seats have" in wrong(teams=worse)
    assert "breaks a rule" in wrong(teams=[[contract, members[:4]] for contract, members in answer["teams"]])
    assert "claimed cost" in wrong(proof=answer["proof"] | {"primal": 1})
    assert "answers the problem" in wrong(digest="0" * 64)
    assert "cannot be read" in wrong(prices=["x"])
    assert "is not in the problem" in wrong(contract=0)
    forged = {
        **problem,
        "problem": {**problem["problem"], "parameters": {**problem["problem"]["parameters"], "seed": 5}},
    }
    assert "the seed is 5" in " ".join(flaws(forged, answer, draw=False))
    files[1].write_text("{")
    with pytest.raises(CommandError):
        call_command("verify_run_file", *map(str, files))


# Several contracts together


def test_a_scarce_person_goes_where_a_team_depends_on_him():
    first = make_team([*FIRM[1:5], FIRM[6], (("land",), 3, 0.33), (("administrative",), 12, 0.0)], capacity=9)
    second = make_team([], parties=first.parties)
    only = first.lawyers[6]
    other = make_team([], parties=first.parties)
    fill_post(post=other.contract.posts.first(), adviser=only, actor=first.parties.bidder, now=clock.now())
    wishes = {
        first.contract.pk: {"covers": [], "seniors": 0},
        second.contract.pk: {"covers": ["administrative"], "seniors": 1},
    }
    runs = request_joint_runs(actor=first.parties.officer, wishes=wishes, now=clock.now())
    assert len({run.digest for run in runs}) == 1
    done = [services.execute_run(run_id=run.pk, now=clock.now()) for run in runs]
    chosen = [{row.person for row in run.assignments.select_related("person")} for run in done]
    # He has one place left: the team that needs him has him, though both are as far.
    assert only not in chosen[0]
    assert only in chosen[1]
    assert [len(each) for each in chosen] == [5, 5]
    assert done[0].result["teams"] == done[1].result["teams"]
    for run in done:
        assert list(flaws(problem_document(run), answer_document(run), draw=True)) == []


def test_people_come_from_each_contracts_own_firm():
    first = make_team()
    other = make_parties()
    other.buyer, other.officer, other.approver, other.finance = (
        first.parties.buyer, first.parties.officer, first.parties.approver, first.parties.finance,
    )  # fmt: skip
    factory._by_buyer[other.buyer.pk] = other
    second = make_team(FIRM[:5], parties=other)
    wishes = {each.contract.pk: {"covers": list(COVERS), "seniors": 1} for each in (first, second)}
    runs = request_joint_runs(actor=first.parties.officer, wishes=wishes, now=clock.now())
    for run, team in zip(sorted(runs, key=lambda run: run.contract_id), (first, second), strict=True):
        done = services.execute_run(run_id=run.pk, now=clock.now())
        assert {row.person for row in done.assignments.all()} <= set(team.lawyers)
        assert done.assignments.count() == 5


def test_only_the_buyers_officer_computes_several_teams(client_for):
    first = make_team()
    second = make_team([], parties=first.parties)
    wishes = {each.contract.pk: {"covers": [], "seniors": 0} for each in (first, second)}
    stranger = make_member("officer")
    for nearly in (first.parties.bidder, first.parties.approver, stranger):
        with pytest.raises(PermissionRefused):
            request_joint_runs(actor=nearly, wishes=wishes, now=clock.now())
    with pytest.raises(errors.NoTeamWaits):
        request_joint_runs(actor=first.parties.officer, wishes={}, now=clock.now())
    elsewhere = make_team()
    with pytest.raises(PermissionRefused):
        request_joint_runs(actor=first.parties.officer, wishes=wishes | {elsewhere.contract.pk: {}}, now=clock.now())
    assert not AssignmentRun.objects.exists()
    address = reverse("staffing:joint")
    assert first.contract.number not in client_for(stranger).get(address).content.decode()
    client = client_for(first.parties.officer)
    page = client.get(address).content.decode()
    assert first.contract.number in page
    given = {"radius_minutes": "90", "senior_years": "8"}
    assert client.post(address, given).status_code == 422
    one, two = first.contract.pk, second.contract.pk
    chosen = {f"with_{one}": "on", f"seniors_{one}": "1", f"with_{two}": "on", f"seniors_{two}": "0"}
    assert client.post(address, given | chosen | {f"seniors_{two}": "6"}).status_code == 422
    assert not AssignmentRun.objects.exists()
    assert client.post(address, given | chosen).status_code == 302
    assert AssignmentRun.objects.filter(shape="team", state="queued").count() == 2
    # One that is under way is not computed twice.
    assert client.post(address, given | chosen).status_code == 422
    assert AssignmentRun.objects.count() == 2
