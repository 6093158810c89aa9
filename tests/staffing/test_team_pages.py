"""The pages of teams for everybody: who may see them, what they say, and how many queries they take."""

import html
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from marketplace.accounts.models import OrganisationKind, Role, Specialty
from marketplace.accounts.picking import proposal
from marketplace.contracts.services import fill_post
from marketplace.core import clock
from marketplace.staffing import services, services_proposals
from marketplace.staffing.models import Assignment, AssignmentRun
from marketplace.staffing.teams.services import set_most_teams
from tests.factories.accounts import make_member, make_organisation
from tests.factories.teams import COVERS, FIRM, make_team, publish_team, run_team

pytestmark = pytest.mark.django_db


def text(response):
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode()


def addresses(run, assignment):
    contract = run.contract_id
    return {
        "contract": reverse("staffing:contract", args=[contract]),
        "contract_csv": reverse("staffing:contract_csv", args=[contract]),
        "run": reverse("staffing:run", args=[run.pk]),
        "progress": reverse("staffing:progress", args=[run.pk]),
        "plan_csv": reverse("staffing:plan_csv", args=[run.pk]),
        "changes_csv": reverse("staffing:changes_csv", args=[run.pk]),
        "problem": reverse("staffing:problem", args=[run.pk]),
        "answer": reverse("staffing:answer", args=[run.pk]),
        "instructions": reverse("staffing:instructions", args=[run.pk]),
        "why_not": reverse("staffing:why_not", args=[run.pk]),
        "assignment": reverse("staffing:assignment", args=[assignment.pk]),
    }


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_opens_for_those_it_is_for(client_for, language):
    team = make_team()
    run = run_team(team)
    pages = addresses(run, run.assignments.first())
    for user in (team.parties.officer, team.parties.approver, team.parties.bidder):
        for name, address in pages.items():
            response = client_for(user, language=language).get(address)
            assert response.status_code == 200, (name, user)
            text(response)
    for nearly in (make_member(Role.OFFICER, make_organisation(OrganisationKind.BUREAU)), team.lawyers[6]):
        for name, address in pages.items():
            assert client_for(nearly, language=language).get(address).status_code == 404, name
    # What only runs of villages have.
    officer = client_for(team.parties.officer)
    for name in ("fairness", "what_if"):
        assert officer.get(reverse(f"staffing:{name}", args=[run.pk])).status_code == 404


def test_computing_from_the_page_and_bad_input(client_for):
    team = make_team()
    client = client_for(team.parties.bidder, language="en")
    address = reverse("staffing:compute", args=[team.contract.pk])
    good = {"radius_minutes": "90", "covers": list(COVERS), "seniors": "1", "senior_years": "8"}
    for bad in (
        {"radius_minutes": "5"},
        {"seniors": "6"},
        {"senior_years": "0"},
        {"covers": ["klingon"]},
        {"seniors": ""},
    ):
        response = client.post(address, good | bad)
        assert response.status_code == 422
    assert not AssignmentRun.objects.exists()
    response = client.post(address, good)
    run = AssignmentRun.objects.get()
    assert response.url == reverse("staffing:run", args=[run.pk])
    assert (run.state, run.shape, set(run.parameters["covers"])) == ("queued", "team", set(COVERS))
    assert 'hx-trigger="every 1s"' in text(client.get(response.url))
    services.execute_run(run_id=run.pk, now=clock.now())
    page = text(client.get(response.url))
    assert "Candidates for 5 of 5 seats" in page
    assert "the only one in the team for administrative law" in page
    assert "No better plan exists" in page
    # The form begins with what was asked last.
    assert 'value="90"' in text(client.get(reverse("staffing:contract", args=[team.contract.pk])))
    assert client_for(team.parties.approver).post(address, good).status_code == 403


def test_what_is_lacking_is_said_with_the_one_fact(client_for):
    team = make_team([*FIRM[:2], (("labour",), 3, 0.03), *FIRM[3:5], (("land",), 10, 0.2)])
    run = run_team(team, radius_minutes=30)
    client = client_for(team.parties.officer, language="en")
    page = text(client.get(reverse("staffing:run", args=[run.pk])))
    assert "No team can be formed" in page
    assert "The one fact that would help" in page
    assert team.lawyers[5].display_name_en in page
    assert "instead of 30" in page
    assert reverse("staffing:publish", args=[run.pk]) not in page
    page = text(client.get(reverse("staffing:contract", args=[team.contract.pk])))
    assert "No team can be formed. Nobody was asked." in page
    assert [
        mark
        for mark, _title, _detail in client.get(reverse("staffing:contract", args=[team.contract.pk])).context["steps"]
    ] == ["now", "", "", ""]
    post = run.empty_posts.first().post_id
    assert client.get(reverse("staffing:empty", args=[run.pk, post])).url == reverse("staffing:run", args=[run.pk])


def test_the_person_asked_reads_why_without_colleagues_names(client_for):
    team = make_team()
    asked = publish_team(team)
    mine = next(each for each in asked if each.person == team.lawyers[0])
    client = client_for(team.lawyers[0], language="en")
    page = text(client.get(reverse("staffing:proposals")))
    assert "Seat" in page
    assert "Why you are asked:" in page
    assert "the only one in the team for administrative law" in page
    page = text(client.get(reverse("staffing:assignment", args=[mine.pk])))
    assert "Alternative 1" in page
    assert not any(person.display_name_en in page for person in team.lawyers[1:])
    officer = text(client_for(team.parties.officer, language="en").get(reverse("staffing:assignment", args=[mine.pk])))
    assert team.lawyers[5].display_name_en in officer
    assert client.post(reverse("staffing:accept", args=[mine.pk])).status_code == 302
    mine.refresh_from_db()
    assert mine.state == "accepted"
    plan = text(client_for(team.parties.officer, language="en").get(reverse("staffing:run", args=[mine.run_id])))
    assert "Candidates for 5 of 5 seats" in plan
    assert "1 accepted · 4 answers awaited" in plan
    other = next(each for each in asked if each.person == team.lawyers[1])
    client = client_for(team.lawyers[1], language="en")
    address = reverse("staffing:decline", args=[other.pk])
    assert client.post(address, {"reason": " "}).status_code == 422
    assert client.post(address, {"reason": "On leave."}, follow=True).status_code == 200
    other.refresh_from_db()
    assert (other.state, other.answer_note) == ("declined", "On leave.")
    assert client_for(team.lawyers[0]).post(reverse("staffing:accept", args=[asked[-1].pk])).status_code == 404


def test_why_not_somebody_else(client_for):
    team = make_team()
    run = run_team(team, radius_minutes=40)
    client = client_for(team.parties.officer, language="en")
    address = reverse("staffing:why_not", args=[run.pk])
    assert "in the computed team" in text(client.get(address, {"person": proposal(team.lawyers[0])}))
    page = text(client.get(address, {"person": proposal(team.lawyers[5])}))
    assert "farther than the limit of this computation" in page
    assert "instead of 40" in page
    wide = run_team(team, radius_minutes=200)
    page = text(client.get(reverse("staffing:why_not", args=[wide.pk]), {"person": proposal(team.lawyers[6])}))
    assert "the teams together would count" in page
    assert "a journey shorter by" in page
    current = reverse("staffing:why_not", args=[wide.pk])
    assert "The journey would take" not in text(client.get(current, {"person": "999999"}))
    stranger = make_member(Role.OFFICER, make_organisation(OrganisationKind.BUREAU))
    assert client_for(stranger).get(current).status_code == 404


def test_files_of_the_seats(client_for):
    team = make_team()
    run = run_team(team)
    client = client_for(team.parties.officer, language="en")
    plan = text(client.get(reverse("staffing:plan_csv", args=[run.pk]))).splitlines()
    assert len(plan) == 6
    assert plan[1].startswith("1,")
    assert "administrative law" in "".join(plan)
    seats = text(client.get(reverse("staffing:contract_csv", args=[team.contract.pk]))).splitlines()
    assert [line.split(",")[1] for line in seats[1:]] == ["vacant"] * 5
    assert json.loads(client.get(reverse("staffing:answer", args=[run.pk])).content)["contract"] == team.contract.pk


@pytest.mark.parametrize("page", ["contract", "run", "contract_csv", "plan_csv"])
def test_pages_take_as_many_queries_for_one_new_member_as_for_three(client_for, page):
    counts = []
    for named in (4, 2):
        team = make_team()
        for person, post in zip(team.lawyers, list(team.contract.posts.order_by("-seat")[:named]), strict=False):
            fill_post(post=post, adviser=person, actor=team.parties.bidder, now=clock.now())
        run = run_team(team, covers=["labour"], seniors=0)
        assert run.assignments.count() == 5 - named
        client = client_for(team.parties.officer)
        key = run.pk if page in ("run", "plan_csv") else team.contract.pk
        address = reverse(f"staffing:{page}", args=[key])
        text(client.get(address))
        with CaptureQueriesContext(connection) as queries:
            text(client.get(address))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_proposals_take_as_many_queries_for_one_seat_as_for_three(client_for):
    counts = []
    for teams in (1, 3):
        first = make_team(capacity=9)
        person = first.lawyers[0]
        set_most_teams(actor=person, most_teams=5, now=clock.now())
        publish_team(first)
        for _ in range(teams - 1):
            publish_team(make_team(FIRM[1:5], parties=first.parties))
        assert Assignment.objects.filter(person=person, state="proposed").count() == teams
        client = client_for(person)
        address = reverse("staffing:proposals")
        text(client.get(address))
        with CaptureQueriesContext(connection) as queries:
            text(client.get(address))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_field_is_covered_only_once_its_lawyer_sits(client_for):
    """Somebody who is only asked may decline. Names of fields hold commas, so that a semicolon stands between them."""
    team = make_team()
    asked = publish_team(team)
    officer = client_for(team.parties.officer, language="en")
    address = reverse("staffing:contract", args=[asked[0].run.contract_id])
    page = text(officer.get(address))
    assert page.count("covered if accepted") == len(COVERS)
    assert '<span class="tag go">covered</span>' not in page
    for assignment in asked:
        services_proposals.accept_assignment(actor=assignment.person, assignment=assignment, now=clock.now())
    page = text(officer.get(address))
    assert "covered if accepted" not in page
    assert page.count('<span class="tag go">covered</span>') == len(COVERS)
    run_page = text(officer.get(reverse("staffing:run", args=[asked[0].run_id])))
    wanted = [str(Specialty(value).label) for value in asked[0].run.parameters["covers"]]
    assert "; ".join(wanted) in html.unescape(run_page)


def test_a_seat_says_how_many_there_are_in_the_right_number_and_speaks_to_its_lawyer(client_for):
    team = make_team()
    first = publish_team(team)[0]
    address = reverse("staffing:assignment", args=[first.pk])
    mine = text(client_for(first.person, language="en").get(address))
    assert "What you are needed for" in mine
    assert "the team is best with you." in mine
    assert "this member" not in mine
    officer = client_for(team.parties.officer, language="en")
    now = reverse("staffing:contract", args=[first.run.contract_id]) + f"#s{first.post_id}"
    assert now not in text(officer.get(address))
    run = AssignmentRun.objects.get(pk=first.run_id)
    run.summary["objective"]["posts"] = 1
    run.save(update_fields=["summary"])
    assert "could be asked for 1 seat, the team is best with this one." in text(officer.get(address))
    services_proposals.decline_assignment(actor=first.person, assignment=first, reason="已有代理", now=clock.now())
    assert now in text(officer.get(address))
    assert "Why you were asked for this team" in text(client_for(first.person, language="en").get(address))
