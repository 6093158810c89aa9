"""Every page for everybody: who may see it, what it says, and how many queries it takes."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.accounts.models import OrganisationKind, Role
from marketplace.accounts.picking import proposal
from marketplace.core import clock
from marketplace.staffing import services, services_proposals
from marketplace.staffing.models import Assignment, AssignmentRun
from tests.factories.accounts import a_place, make_member, make_organisation
from tests.factories.staffing import WHERE, make_case, publish_case, run_case
from volunteers.models import Opportunity

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    """Four villages, two lawyers of one place each: two villages stay empty."""
    return make_case((0.01, 0.02, 0.09, 0.1), (0.0, 0.1), capacity=1)


@pytest.fixture
def supervisor(case):
    return make_member(Role.SUPERVISOR, make_organisation(OrganisationKind.SUPERVISION, region=a_place(522600000000)))


def text(response):
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode()


def addresses(case, run, assignment, empty_post):
    return {
        "index": reverse("staffing:index"),
        "vacant": reverse("staffing:vacant"),
        "vacant_csv": reverse("staffing:vacant_csv"),
        "contract": reverse("staffing:contract", args=[case.contract.pk]),
        "contract_csv": reverse("staffing:contract_csv", args=[case.contract.pk]),
        "run": reverse("staffing:run", args=[run.pk]),
        "progress": reverse("staffing:progress", args=[run.pk]),
        "plan_csv": reverse("staffing:plan_csv", args=[run.pk]),
        "problem": reverse("staffing:problem", args=[run.pk]),
        "empty": reverse("staffing:empty", args=[run.pk, empty_post]),
        "why_not": reverse("staffing:why_not", args=[run.pk]),
        "assignment": reverse("staffing:assignment", args=[assignment.pk]),
    }


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_opens_for_those_it_is_for(client_for, case, supervisor, language):
    run = run_case(case, languages=["hmu"], wanted=["land", "labour"])
    assignment = run.assignments.first()
    pages = addresses(case, run, assignment, run.result["empty_posts"][0])
    parties = case.parties
    for user in (parties.officer, parties.approver, parties.bidder, supervisor):
        for name, address in pages.items():
            response = client_for(user, language=language).get(address)
            assert response.status_code == 200, (name, user)
            text(response)


def test_strangers_find_nothing_and_lawyers_only_their_own(client_for, case):
    run = run_case(case)
    pages = addresses(case, run, run.assignments.first(), run.result["empty_posts"][0])
    other_officer = make_member(Role.OFFICER, make_organisation(OrganisationKind.BUREAU))
    rival = make_member(Role.BIDDER, make_organisation(OrganisationKind.LAW_FIRM))
    for user in (other_officer, rival, *case.lawyers):
        client = client_for(user)
        for name, address in pages.items():
            if name in ("index", "vacant", "vacant_csv"):
                assert case.contract.number not in text(client.get(address))
            else:
                assert client.get(address).status_code == 404, name
    stranger = client_for()
    for address in pages.values():
        assert stranger.get(address).status_code == 302


def test_a_proposal_shows_to_its_lawyer_without_colleagues_names(client_for, case):
    west, east = case.lawyers
    mine = next(a for a in publish_case(case) if a.person == west)
    page = client_for(west).get(reverse("staffing:assignment", args=[mine.pk]))
    assert page.status_code == 200
    assert east.display_name not in text(page)
    assert east.display_name in text(
        client_for(case.parties.bidder).get(reverse("staffing:assignment", args=[mine.pk]))
    )
    assert client_for(east).get(reverse("staffing:assignment", args=[mine.pk])).status_code == 404


def test_computing_from_the_page(client_for, case):
    client = client_for(case.parties.bidder)
    address = reverse("staffing:compute", args=[case.contract.pk])
    bad = client.post(address, {"radius_minutes": "5", "languages": ["hmu"]})
    assert bad.status_code == 422
    assert not AssignmentRun.objects.exists()
    response = client.post(address, {"radius_minutes": "75", "languages": ["hmu"], "wanted": ["land"]})
    run = AssignmentRun.objects.get()
    assert response.url == reverse("staffing:run", args=[run.pk])
    assert (run.state, run.parameters["radius_minutes"], run.parameters["languages"]) == ("queued", 75, ["hmu"])
    waiting = client.get(response.url)
    assert 'hx-trigger="every 1s"' in text(waiting)
    polled = client.get(reverse("staffing:progress", args=[run.pk]))
    assert "HX-Refresh" not in polled
    services.execute_run(run_id=run.pk, now=clock.now())
    polled = client.get(reverse("staffing:progress", args=[run.pk]))
    assert polled["HX-Refresh"] == "true"
    # Asking again while one is under way comes back with a message, not an error page.
    client.post(address, {"radius_minutes": "75"})
    again = client.post(address, {"radius_minutes": "75"}, headers={"referer": "http://testserver/workspace/"})
    assert again.status_code == 302
    assert AssignmentRun.objects.count() == 2


def test_an_approver_sees_but_does_not_act(client_for, case):
    run = run_case(case)
    client = client_for(case.parties.approver)
    assert reverse("staffing:compute", args=[case.contract.pk]) not in text(
        client.get(reverse("staffing:contract", args=[case.contract.pk]))
    )
    for address, data in (
        (reverse("staffing:compute", args=[case.contract.pk]), {"radius_minutes": "60"}),
        (reverse("staffing:publish", args=[run.pk]), {}),
        (reverse("staffing:cancel", args=[run.pk]), {}),
        (reverse("staffing:call", args=[case.contract.pk]), {}),
    ):
        assert client.post(address, data).status_code == 403
    run.refresh_from_db()
    assert run.state == "done"
    assert AssignmentRun.objects.count() == 1


def test_the_way_from_proof_to_proposals_to_answers(client_for, case):
    run = run_case(case)
    officer = client_for(case.parties.officer, language="en")
    page = text(officer.get(reverse("staffing:run", args=[run.pk])))
    assert "No better plan exists" in page
    assert run.digest in page
    assert f"{run.result['pairs']['eligible']} are within reach" in page
    assert "The plan gives 2 of 4 villages a lawyer" in page
    confirm = officer.get(reverse("staffing:publish", args=[run.pk]))
    assert "2 lawyers will be asked to serve 2 villages" in text(confirm)
    assert officer.post(reverse("staffing:publish", args=[run.pk])).status_code == 302

    west, east = case.lawyers
    lawyer = client_for(west, language="en")
    page = text(lawyer.get(reverse("staffing:proposals")))
    assert "1 village asks for you" in page
    assert "What is expected in each village" in page
    mine = Assignment.objects.get(person=west)
    lawyer.post(reverse("staffing:accept", args=[mine.pk]))
    mine.refresh_from_db()
    assert mine.state == "accepted"

    other = client_for(east, language="en")
    theirs = Assignment.objects.get(person=east)
    assert other.post(reverse("staffing:accept", args=[mine.pk])).status_code == 404
    assert other.post(reverse("staffing:decline", args=[theirs.pk]), {"reason": " "}).status_code == 422
    other.post(reverse("staffing:decline", args=[theirs.pk]), {"reason": "Too far in winter"})
    theirs.refresh_from_db()
    assert (theirs.state, theirs.answer_note) == ("declined", "Too far in winter")
    assert "Too far in winter" in text(other.get(reverse("staffing:proposals")))

    page = text(officer.get(reverse("staffing:contract", args=[case.contract.pk])))
    assert "1 served, 0 awaiting an answer, 0 with volunteers sought, 3 vacant" in page
    answer = officer.post(
        reverse("staffing:call", args=[case.contract.pk]),
        {"first_day": "2020-01-01", "starts": "09:00", "ends": "11:00", "visits": "1"},
    )
    assert answer.status_code == 422
    form = officer.get(reverse("staffing:call", args=[case.contract.pk])).context["form"]
    officer.post(
        reverse("staffing:call", args=[case.contract.pk]),
        {"first_day": form.fields["first_day"].initial.isoformat(), "starts": "09:00", "ends": "11:00", "visits": "2"}
        | WHERE,
    )
    assert Opportunity.objects.filter(state="open").count() == 3
    assert all({key: getattr(o, key) for key in WHERE} == WHERE for o in Opportunity.objects.all())
    assert all(o.shifts.count() == 2 for o in Opportunity.objects.all())
    assert "1 served, 0 awaiting an answer, 3 with volunteers sought, 0 vacant" in text(
        officer.get(reverse("staffing:contract", args=[case.contract.pk]))
    )


def test_accepting_all_at_once(client_for):
    case = make_case((0.01, 0.02), (0.0,))
    publish_case(case)
    lawyer = client_for(case.lawyers[0])
    assert lawyer.post(reverse("staffing:accept_all")).status_code == 302
    assert case.contract.posts.filter(state="filled", adviser=case.lawyers[0]).count() == 2


def test_taking_a_proposal_back_from_the_page(client_for, case):
    proposal = publish_case(case)[0]
    address = reverse("staffing:withdraw", args=[proposal.pk])
    assert client_for(proposal.person).get(address).status_code == 404
    bidder = client_for(case.parties.bidder)
    assert bidder.get(address).status_code == 200
    bidder.post(address, {"reason": "律师调离"})
    proposal.refresh_from_db()
    assert proposal.state == "withdrawn"
    page = reverse("staffing:assignment", args=[proposal.pk])
    assert client_for(case.parties.officer).get(page).status_code == 200
    # The letter that asked him still leads somewhere, and there is nothing left to decline.
    lawyer = client_for(proposal.person)
    assert lawyer.get(page).status_code == 200
    assert lawyer.get(reverse("staffing:decline", args=[proposal.pk])).url == page


def test_what_was_sent_is_not_sent_again(client_for, case):
    run = publish_case(case)[0].run
    officer = client_for(case.parties.officer)
    assert officer.get(reverse("staffing:publish", args=[run.pk])).url == reverse("staffing:run", args=[run.pk])


def test_a_village_page_names_nobody_but_the_adviser(client_for, case):
    west, east = case.lawyers
    proposals = publish_case(case)
    mine = next(a for a in proposals if a.person == west)
    address = reverse("staffing:village_reason", args=[mine.post.region_id])
    before = text(client_for().get(address))
    assert west.display_name not in before
    services_proposals.accept_assignment(actor=west, assignment=mine, now=clock.now())
    after = text(client_for(language="en").get(address))
    assert west.display_name_en in after
    assert east.display_name_en not in after
    assert east.display_name not in after
    assert "Alternative 1" in after
    empty = next(p for p in case.contract.posts.all() if p.pk in mine.run.result["empty_posts"])
    page = text(client_for(language="en").get(reverse("staffing:village_reason", args=[empty.region_id])))
    assert "Nobody at present" in page
    assert "Every lawyer within reach is needed" in page
    nowhere = a_place(522634100999)
    assert "No adviser is under contract" in text(
        client_for(language="en").get(reverse("staffing:village_reason", args=[nowhere.code]))
    )
    assert client_for().get(reverse("staffing:village_reason", args=[522634000000])).status_code == 404


def test_why_not_names_the_one_fact(client_for):
    case = make_case((0.01,), (0.0, 0.3), max_travel_minutes=20)
    run = run_case(case)
    client = client_for(case.parties.officer, language="en")
    address = reverse("staffing:why_not", args=[run.pk])
    asked = {"village": case.villages[0].pk, "person": proposal(case.lawyers[1])}
    page = text(client.get(address, asked))
    assert "farther than this lawyer is ready to travel" in page
    assert "More than one thing" in page or "would not change here" in page
    chosen = text(client.get(address, asked | {"person": proposal(case.lawyers[0])}))
    assert "This lawyer is the one whom the plan chose." in chosen
    assert client.get(address, {"village": 1, "person": "x"}).status_code == 200
    two = make_case((0.01,), (0.01, 0.03), parties=case.parties)
    page = text(client.get(reverse("staffing:why_not", args=[run_case(two).pk]),
                           {"village": two.villages[0].pk, "person": proposal(two.lawyers[0])}))  # fmt: skip
    assert "The one fact that would change it" in page or "is the one whom the plan chose" in page


def test_files(client_for, case):
    run = run_case(case)
    client = client_for(case.parties.bidder)
    lines = text(client.get(reverse("staffing:plan_csv", args=[run.pk]))).splitlines()
    assert len(lines) == 5
    assert len(text(client.get(reverse("staffing:contract_csv", args=[case.contract.pk]))).splitlines()) == 5
    assert len(text(client.get(reverse("staffing:vacant_csv"))).splitlines()) == 5
    frozen = json.loads(text(client.get(reverse("staffing:problem", args=[run.pk]))))
    assert frozen["digest"] == run.digest
    assert frozen["problem"] == run.problem


def test_pages_take_a_fixed_number_of_queries(client_for, django_assert_max_num_queries):
    def counts(villages):
        case = make_case(villages, (0.0, 0.1), capacity=5)
        run = run_case(case)
        client = client_for(case.parties.bidder)
        found = {}
        pages = addresses(case, run, run.assignments.first(), 0)
        del pages["empty"]
        for name in ("contract", "contract_csv", "run", "plan_csv", "assignment"):
            with django_assert_max_num_queries(60) as captured:
                text(client.get(pages[name]))
            found[name] = len(captured)
        services_proposals.publish_run(actor=case.parties.officer, run=run, now=clock.now())
        lawyer = client_for(run.assignments.first().person)
        with django_assert_max_num_queries(60) as captured:
            text(lawyer.get(reverse("staffing:proposals")))
        found["proposals"] = len(captured)
        with django_assert_max_num_queries(60) as captured:
            text(client.get(reverse("staffing:contract", args=[case.contract.pk])))
        found["contract asked"] = len(captured)
        with django_assert_max_num_queries(60) as captured:
            text(client.get(reverse("staffing:index")))
        found["index"] = len(captured)
        return found

    one, three = counts((0.01,)), counts((0.01, 0.02, 0.03))
    assert one == three
    assert max(one.values()) <= 20


def test_the_map_shows_how_each_village_stands(client_for, case):
    """By what the lawyer answered; offices once a place; not for strangers."""
    first, second = publish_case(case)
    services_proposals.decline_assignment(actor=first.person, assignment=first, reason="路远", now=clock.now())
    address = reverse("staffing:run_map", args=[first.run_id])
    assert address in text(client_for(case.parties.officer).get(reverse("staffing:run", args=[first.run_id])))
    found = json.loads(text(client_for(case.parties.bidder).get(address)))
    villages = {status: [row[2:] for row in rows] for status, rows in found["villages"].items()}
    assert villages["lost"] == [[first.post.region.name, first.person.display_name]]
    assert villages["asked"] == [[second.post.region.name, second.person.display_name]]
    assert (villages["served"], len(villages["empty"])) == ([], 2)
    assert found["villages"]["asked"][0][:2] == pytest.approx(
        [second.post.region.longitude, second.post.region.latitude]
    )
    names = sorted(name for row in found["advisers"] for name in row[2].split("、"))
    assert len(names) in (0, 2)
    assert client_for(case.lawyers[0]).get(address).status_code == 404
    waiting = services.request_run(actor=case.parties.officer, contract=case.contract, parameters={}, now=clock.now())
    officer = client_for(case.parties.officer)
    assert officer.get(reverse("staffing:run_map", args=[waiting.pk])).status_code == 404


def test_a_township_says_what_is_vacant_and_what_volunteers_are_called_for(client_for, case):
    publish_case(case)
    officer = client_for(case.parties.officer, language="en")
    address = reverse("staffing:contract", args=[case.contract.pk])
    assert "2 vacant" in text(officer.get(address))
    assert "，已有顾问 0 个" in text(client_for(case.parties.officer).get(address))
    day = (timezone.localdate() + timedelta(days=10)).isoformat()
    asked = {"first_day": day, "starts": "09:00", "ends": "11:00", "visits": "1", **WHERE}
    officer.post(reverse("staffing:call", args=[case.contract.pk]), asked)
    calls = Opportunity.objects.filter(seeks_adviser_for_post__isnull=False)
    page = text(officer.get(address))
    assert ("2 calls open" in page, "2 vacant" in page) == (True, False), calls
    vacant = text(officer.get(reverse("staffing:vacant")))
    assert all(reverse("volunteers:opportunity", args=[call.pk]) in vacant for call in calls)
