"""Who may not sit with whom: stated by the person, seen by others only as a fact, kept at every step."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from marketplace.accounts.models import OrganisationKind
from marketplace.accounts.picking import proposal
from marketplace.accounts.privacy import export_my_data
from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from marketplace.staffing import errors, services_proposals
from marketplace.staffing.models import Quarrel
from marketplace.staffing.teams.services import set_most_teams, state_quarrel, withdraw_quarrel
from tests.factories.accounts import make_organisation, make_practitioner
from tests.factories.teams import FIRM, make_team, publish_team, run_team

pytestmark = pytest.mark.django_db

SECRET = "离婚诉讼未结"


def stated(one, other, note=SECRET):
    return state_quarrel(actor=one, other=other, kind="opponent", note=note, now=clock.now())


def members(run):
    return {row.person for row in run.assignments.select_related("person")}


def test_two_who_may_not_sit_together_never_do_whoever_said_so():
    team = make_team()
    first, second = team.lawyers[:2]
    assert {first, second} <= members(run_team(team))
    quarrel = stated(second, first)
    run = run_team(team)
    assert run.summary["team"]["quarrels"] == 1
    assert len(members(run)) == 5
    assert not {first, second} <= members(run)
    withdraw_quarrel(actor=second, quarrel=quarrel, now=clock.now())
    assert {first, second} <= members(run_team(team))


def test_only_people_who_quarrel_is_told_as_such():
    team = make_team(FIRM[:5])
    stated(team.lawyers[0], team.lawyers[1])
    run = run_team(team)
    assert {each.because for each in run.empty_posts.all()} == {"quarrel"}


def test_a_statement_is_made_by_a_colleague_with_a_reason_and_once():
    team = make_team()
    first, second = team.lawyers[:2]
    stranger = make_practitioner(make_organisation(OrganisationKind.LAW_FIRM))
    for other in (stranger, first, team.parties.bidder):
        with pytest.raises(errors.NotAColleague):
            stated(first, other)
    for note, kind in ((" ", "family"), ("x", "dislike")):
        with pytest.raises(errors.ReasonMissing):
            state_quarrel(actor=first, other=second, kind=kind, note=note, now=clock.now())
    assert not Quarrel.objects.exists()
    quarrel = stated(first, second)
    with pytest.raises(errors.StatedAlready):
        stated(first, second)
    with pytest.raises(PermissionRefused):
        withdraw_quarrel(actor=second, quarrel=quarrel, now=clock.now())
    quarrel.refresh_from_db()
    assert quarrel.state == "standing"
    assert Event.objects.filter(action="quarrel.state").count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Quarrel.objects.create(stated_by=first, other=second, kind="family", note="x", stated_at=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Quarrel.objects.create(stated_by=first, other=first, kind="family", note="x", stated_at=clock.now())


def test_why_is_read_by_nobody_else(client_for):
    team = make_team()
    first, second = team.lawyers[:2]
    quarrel = stated(first, second)
    run = run_team(team)
    address = reverse("staffing:quarrels")
    assert SECRET in client_for(first).get(address).content.decode()
    assert SECRET not in client_for(second).get(address).content.decode()
    for user in (team.parties.officer, team.parties.bidder):
        client = client_for(user, language="en")
        page = client.get(reverse("staffing:run", args=[run.pk])).content.decode()
        assert "pairs who may not sit together" in page
        assert SECRET not in page
        assert SECRET not in client.get(reverse("staffing:problem", args=[run.pk])).content.decode()
        assert client.get(reverse("audit:trail", args=["staffing.quarrel", quarrel.pk])).status_code in (403, 404)
    assert not Event.objects.filter(data__icontains=SECRET).exists()
    assert SECRET not in str(Event.objects.filter(action="quarrel.state").get().data)
    assert export_my_data(actor=first, now=clock.now())["colleagues"][0]["note"] == SECRET
    assert export_my_data(actor=second, now=clock.now())["colleagues"] == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_stating_and_taking_back_from_the_page(client_for, language):
    team = make_team()
    first, second = team.lawyers[:2]
    client = client_for(first, language=language)
    address = reverse("staffing:quarrels")
    good = {"other": proposal(second), "kind": "family", "note": "夫妻"}
    for bad in ({"other": proposal(team.parties.bidder)}, {"kind": "x"}, {"note": ""}):
        assert client.post(address, good | bad).status_code == 422
    assert not Quarrel.objects.exists()
    assert client.post(address, good).status_code == 302
    assert client.post(address, good).status_code == 422
    quarrel = Quarrel.objects.get()
    back = reverse("staffing:withdraw_quarrel", args=[quarrel.pk])
    assert client_for(second).post(back).status_code == 404
    assert client.post(back).status_code == 302
    quarrel.refresh_from_db()
    assert quarrel.state == "withdrawn"


def test_what_was_stated_after_the_computation_holds_when_it_is_sent():
    team = make_team()
    run = run_team(team)
    first, second = team.lawyers[:2]
    stated(second, first)
    states = {row.person: row.state for row in publish_team(team, run)}
    assert sorted(states.values()) == ["proposed"] * 4 + ["withdrawn"]
    assert "withdrawn" in (states[first], states[second])
    assert Event.objects.get(action="assignment.withdraw").reason == "may_not_sit_together"


def test_what_was_stated_after_sending_bars_the_second_from_accepting():
    team = make_team()
    asked = {row.person: row for row in publish_team(team)}
    first, second = team.lawyers[:2]
    services_proposals.accept_assignment(actor=first, assignment=asked[first], now=clock.now())
    stated(first, second)
    with pytest.raises(errors.MayNotSitTogether):
        services_proposals.accept_assignment(actor=second, assignment=asked[second], now=clock.now())
    asked[second].refresh_from_db()
    assert asked[second].state == "proposed"
    services_proposals.decline_assignment(actor=second, assignment=asked[second], reason="不能同组", now=clock.now())


def test_whoever_wants_no_team_is_in_none():
    team = make_team()
    set_most_teams(actor=team.lawyers[0], most_teams=0, now=clock.now())
    assert team.lawyers[0] not in members(run_team(team))
    for bad in (-1, 21):
        with pytest.raises(errors.BadWish):
            set_most_teams(actor=team.lawyers[0], most_teams=bad, now=clock.now())
