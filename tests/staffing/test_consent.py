"""Nobody serves without having said so, and everybody sees and changes on what terms he may be asked."""

import re

import pytest
from django.urls import reverse

from marketplace.contracts.models import Post
from marketplace.core import clock
from marketplace.staffing import services_proposals, tasks
from marketplace.staffing.models import Assignment, AssignmentRun, TeamTerms
from tests.factories.accounts import make_user
from tests.factories.staffing import a_lawyer, make_case, publish_case, run_case
from tests.factories.teams import make_team, publish_team

pytestmark = pytest.mark.django_db


def test_no_step_of_the_machine_fills_a_post():
    case = make_case((0.01, 0.02), (0.0, 0.1), capacity=3)
    run = services_proposals.publish_run(actor=case.parties.officer, run=run_case(case), now=clock.now(), rounds=3)
    for _ in range(4):
        for proposal in Assignment.objects.filter(state="proposed"):
            services_proposals.decline_assignment(
                actor=proposal.person, assignment=proposal, reason="路远", now=clock.now()
            )
        tasks.sweep()
        for run_id in AssignmentRun.objects.filter(state="queued").values_list("pk", flat=True):
            tasks.execute(run_id)
    assert run.repairs.count() == 1
    assert set(Post.objects.filter(contract=case.contract).values_list("state", "adviser")) == {("vacant", None)}
    assert "accepted" not in set(Assignment.objects.values_list("state", flat=True))


def test_who_closes_the_door_is_asked_no_more_but_may_still_answer():
    case = make_case((0.01, 0.02), (0.0,), capacity=1)
    [proposal] = publish_case(case)
    lawyer = case.lawyers[0]
    lawyer.practitioner.open_to_posts = False
    lawyer.practitioner.save()
    assert run_case(case).problem["people"]["key"] == []
    services_proposals.accept_assignment(actor=lawyer, assignment=proposal, now=clock.now())
    assert Post.objects.get(pk=proposal.post_id).adviser == lawyer


def test_a_lawyer_without_a_profile_is_not_asked():
    case = make_case((0.01,), (0.0,))
    bare = a_lawyer(case.parties.supplier)
    bare.practitioner.delete()
    assert run_case(case).problem["people"]["key"] == [case.lawyers[0].pk]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_terms_stand_at_one_place_and_the_next_run_goes_by_them(client_for, language):
    case = make_case((0.01, 0.02, 0.09), (0.0,), capacity=2, languages=["cmn"])
    lawyer = case.lawyers[0]
    publish_case(case)
    client = client_for(lawyer, language=language)
    address = reverse("staffing:terms")
    assert address in client.get(reverse("staffing:proposals")).content.decode()
    standing = client.get(address).context["standing"]
    assert (standing.served, standing.asked, standing.free, standing.vacant, standing.in_reach) == (0, 2, 0, 1, 1)
    kept = {name: getattr(lawyer.practitioner, name) for name in ("region_id", "longitude", "latitude", "specialties")}
    given = {"open_to_posts": "on", "capacity": "3", "max_travel_minutes": "15", "languages": ["cmn", "hmu"]} | {
        "most_teams": "1"
    }
    for bad in ({"capacity": "51"}, {"most_teams": "21"}, {"most_teams": ""}):
        assert client.post(address, given | bad).status_code == 422
    assert not TeamTerms.objects.exists()
    assert client.post(address, given).status_code == 302
    lawyer.practitioner.refresh_from_db()
    assert (lawyer.practitioner.capacity, lawyer.practitioner.max_travel_minutes) == (3, 15)
    assert lawyer.practitioner.languages == ["cmn", "hmu"]
    assert {name: getattr(lawyer.practitioner, name) for name in kept} == kept
    standing = client.get(address).context["standing"]
    assert standing.free == 1
    assert TeamTerms.objects.get(person=lawyer).most_teams == 1
    run = run_case(case)
    assert (run.problem["people"]["capacity"], run.problem["people"]["max_minutes"]) == ([3], [15])
    assert run.assignments.count() == standing.in_reach
    client.post(address, {"capacity": "3", "max_travel_minutes": "15", "most_teams": "1"})
    assert run_case(case).problem["people"]["key"] == []


def test_whoever_has_no_profile_begins_one(client_for):
    assert client_for(make_user()).get(reverse("staffing:terms")).url == reverse("accounts:practice")
    assert client_for().get(reverse("staffing:terms")).status_code == 302


def test_the_terms_count_the_teams_that_wait_for_an_answer(client_for):
    team = make_team()
    asked = publish_team(team)[0]
    client = client_for(asked.person, language="en")

    def counts():
        page = client.get(reverse("staffing:terms")).content.decode()
        found = re.findall(r"<dt>([^<]*counsel teams[^<]*)</dt><dd>(\d+)</dd>", page)
        assert reverse("staffing:proposals") in page
        return dict(found)

    before = counts()
    assert before["counsel teams you sit on"] == "0"
    assert before["counsel teams awaiting your answer"] == "1"
    services_proposals.accept_assignment(actor=asked.person, assignment=asked, now=clock.now())
    after = counts()
    assert after["counsel teams you sit on"] == "1"
    assert after["counsel teams awaiting your answer"] == "0"
    assert after["more counsel teams that you would join"] == before["more counsel teams that you would join"]
