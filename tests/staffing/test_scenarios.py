"""What if: each change does what it says, the plan is not touched, and only who oversees the contract sees it."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from marketplace.accounts.models import OrganisationKind, Role
from marketplace.accounts.picking import proposal
from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from marketplace.matching.problem import from_document
from marketplace.staffing import computing, errors, scenarios, services, services_proposals, services_scenarios, tasks
from marketplace.staffing.models import Assignment, Scenario
from tests.factories.accounts import a_place, make_member, make_organisation
from tests.factories.staffing import make_case, publish_case, run_case, scenario_case

pytestmark = pytest.mark.django_db

PLACES = {"kind": "places", "person": None, "by": 1}


@pytest.fixture
def case():
    """Four villages, two lawyers of one place each: two villages stay empty."""
    return make_case((0.01, 0.02, 0.09, 0.1), (0.0, 0.1), capacity=1)


def text(response):
    return (b"".join(response.streaming_content) if response.streaming else response.content).decode()


def test_one_more_place_serves_more_and_touches_nothing(case):
    run = run_case(case)
    before = list(Assignment.objects.order_by("pk").values())
    found = scenario_case(case, run, PLACES)
    assert (found.state, found.progress, found.attempts) == ("done", 100, 1)
    assert found.result["objective"]["filled"] == 4
    assert (found.result["gained"], found.result["lost"], found.result["moved"]) == (2, 0, 0)
    assert found.result["proof"]["primal"] == found.result["proof"]["dual"]
    assert len(found.plan) == 4
    assert list(Assignment.objects.order_by("pk").values()) == before
    run.refresh_from_db()
    assert run.state == "done"


def test_each_change_makes_the_problem_it_says(case):
    run = run_case(case)
    base = from_document(run.problem)
    west, east = (lawyer.pk for lawyer in case.lawyers)
    regions = dict(case.contract.posts.values_list("pk", "region_id"))

    def changed(*changes):
        return scenarios.changed(base, changes, regions, run.parameters["bits"]["languages"])

    assert changed({"kind": "places", "person": east, "by": 3}).people.capacity.tolist() == [1, 4]
    assert changed(PLACES, {"kind": "cap", "most": 1}).people.capacity.tolist() == [1, 1]
    assert changed({"kind": "radius", "minutes": 20}).parameters.radius_minutes == 20
    left = changed({"kind": "without", "person": west})
    assert left.people.key.tolist() == [east]
    firm = {"kind": "firm", "region": 1, "advisers": 2, "capacity": 3, "languages": ["hmu"]}
    more = changed(firm | {"longitude": 108.1, "latitude": 26.4})
    assert more.people.key.tolist() == [west, east, east + 1, east + 2]
    assert more.people.capacity.tolist() == [1, 1, 3, 3]
    assert more.people.languages[-1] == 1 << run.parameters["bits"]["languages"].index("hmu")
    # A minute that counts 50 percent is a road twice as fast, inside the township only.
    paid = changed({"kind": "subsidy", "region": 522634100000, "percent": 50})
    assert paid.posts.kmh.tolist() == [2 * kmh for kmh in base.posts.kmh.tolist()]
    assert changed({"kind": "subsidy", "region": 522634200000, "percent": 50}).digest() == base.digest()
    with pytest.raises(KeyError):
        changed({"kind": "other"})


def test_leaving_somebody_out_keeps_the_other_exclusions(case):
    first, *_rest = publish_case(case)
    services_proposals.decline_assignment(actor=first.person, assignment=first, reason="路远", now=clock.now())
    again = run_case(case)
    base = from_document(again.problem)
    assert len(base.exclusions) == 1
    other = next(int(key) for key in base.people.key if key != first.person_id)
    kept = scenarios.changed(base, [{"kind": "without", "person": other}], {}, [])
    assert kept.people.key[kept.exclusions.person].tolist() == [first.person_id]
    gone = scenarios.changed(base, [{"kind": "without", "person": first.person_id}], {}, [])
    assert len(gone.exclusions) == 0


def test_a_subsidy_reaches_farther_and_tells_the_true_way():
    case = make_case((0.35,), (0.0,), max_travel_minutes=60)
    run = run_case(case)
    assert run.empty_posts.count() == 1
    found = scenario_case(case, run, {"kind": "subsidy", "region": 522634100000, "percent": 50})
    [[_post, _person, minutes]] = found.plan
    assert minutes > 60
    assert found.result["travel"]["longest"] == minutes
    # Half of the road is paid; setting out and arriving are not.
    assert found.result["paid_minutes"] == pytest.approx((minutes - 5) / 2, abs=1)


def test_prices_say_what_one_more_place_saves(case):
    """The reading of the prices against solving the problem with that one place more."""
    run = run_case(case, radius_minutes=90)
    [best, *_others] = run.summary["worth"]
    assert best["fills"]
    more = scenario_case(case, run, {"kind": "places", "person": best["person"], "by": 1})
    assert more.result["objective"]["filled"] == run.summary["objective"]["filled"] + 1
    # Where all are served, a place saves cost: the prices give a bound that solving again keeps.
    near = make_case((0.01, 0.02, 0.03), (0.0, 0.2), capacity=2)
    run = run_case(near)
    [line] = [each for each in run.summary["worth"] if each["person"] == near.lawyers[0].pk]
    assert not line["fills"]
    more = scenario_case(near, run, {"kind": "places", "person": line["person"], "by": 1})
    before, after = run.summary["objective"], more.result["objective"]
    saved = before["pair_cost"] + before["load_cost"] - after["pair_cost"] - after["load_cost"]
    assert saved >= line["saving"] > 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "other"}, "kind"),
        ({"kind": "cap"}, "kind"),
        ({"kind": "cap", "most": 0}, "most"),
        ({"kind": "cap", "most": True}, "most"),
        ({"kind": "cap", "most": 2, "seed": 1}, "kind"),
        ({"kind": "without", "person": 10**9}, "person"),
        ({"kind": "without", "person": None}, "person"),
        ({"kind": "subsidy", "region": 522634000000, "percent": 5}, "percent"),
        ({"kind": "firm", "region": 1, "advisers": 1, "capacity": 1, "languages": []}, "region"),
        ({"kind": "firm", "region": 1, "advisers": 1, "capacity": 1, "languages": ["klingon"]}, "languages"),
    ],
)
def test_changes_that_the_form_does_not_offer_are_refused(case, change, field):
    run = run_case(case)
    with pytest.raises(errors.BadWish) as refusal:
        scenario_case(case, run, change)
    assert refusal.value.field == field
    assert not Scenario.objects.exists()


def test_refusals_of_a_scenario(case, monkeypatch):
    run = run_case(case)
    with pytest.raises(errors.NoChange):
        scenario_case(case, run)
    scenario_case(case, run, PLACES, name="甲")
    with pytest.raises(errors.NameTaken):
        scenario_case(case, run, PLACES, name=" 甲 ")
    monkeypatch.setattr(services_scenarios, "MOST_SCENARIOS", 1)
    with pytest.raises(errors.TooManyScenarios):
        scenario_case(case, run, PLACES, name="乙")
    waiting = run_case(case)
    type(run).objects.filter(pk=waiting.pk).update(state="cancelled")
    with pytest.raises(errors.NotComputed):
        scenario_case(case, waiting, PLACES)


def test_only_the_buyers_officer_plans(case):
    run = run_case(case)
    scenario = scenario_case(case, run, PLACES)
    stranger = make_member(Role.OFFICER, make_organisation(OrganisationKind.BUREAU))
    for nearly in (case.parties.bidder, case.parties.approver, case.lawyers[0], stranger):
        with pytest.raises(PermissionRefused):
            services_scenarios.request_scenario(actor=nearly, run=run, name="乙", changes=[PLACES], now=clock.now())
        with pytest.raises(PermissionRefused):
            services_scenarios.delete_scenario(actor=nearly, scenario=scenario, now=clock.now())
    assert list(Scenario.objects.all()) == [scenario]


def test_repeating_failing_and_giving_up(case, monkeypatch, caplog):
    run = run_case(case)
    scenario = scenario_case(case, run, PLACES)
    services_scenarios.execute_scenario(scenario_id=scenario.pk, now=clock.now())
    assert Event.objects.filter(action="scenario.finish").count() == 1
    assert services_scenarios.execute_scenario(scenario_id=10**9, now=clock.now()) is None

    def broken(problem, speeds, *, report):
        raise RuntimeError("no answer")

    monkeypatch.setattr(services_scenarios, "compute_scenario", broken)
    failed = scenario_case(case, run, PLACES, name="乙")
    assert (failed.state, failed.error) == ("failed", "RuntimeError: no answer")
    stuck = services_scenarios.request_scenario(
        actor=case.parties.officer, run=run, name="丙", changes=[PLACES], now=clock.now()
    )
    Scenario.objects.filter(pk=stuck.pk).update(state="running", attempts=services.MOST_ATTEMPTS)
    assert "given up" in services_scenarios.execute_scenario(scenario_id=stuck.pk, now=clock.now()).error


def test_a_lost_scenario_is_asked_for_again_and_a_deleted_one_is_forgotten(case, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks.execute_scenario, "delay", asked.append)
    run = run_case(case)
    scenario = services_scenarios.request_scenario(
        actor=case.parties.officer, run=run, name="甲", changes=[PLACES], now=clock.now()
    )
    tasks.sweep()
    assert asked == []
    # Its worker died in the middle.
    Scenario.objects.filter(pk=scenario.pk).update(
        state="running", attempts=1, progress=25, started_at=clock.now() - tasks.RUN_PATIENCE - timedelta(seconds=1)
    )
    tasks.sweep()
    assert asked == [scenario.pk]

    def deleted_meanwhile(problem, speeds, *, report):
        plan = computing.compute_scenario(problem, speeds, report=report)
        services_scenarios.delete_scenario(actor=case.parties.officer, scenario=scenario, now=clock.now())
        return plan

    monkeypatch.setattr(services_scenarios, "compute_scenario", deleted_meanwhile)
    assert services_scenarios.execute_scenario(scenario_id=scenario.pk, now=clock.now()) is None
    assert Event.objects.get(action="run.delete_scenario").data["name"] == "甲"


def test_the_pages(client_for, case):
    run = run_case(case, languages=["hmu"])
    officer = client_for(case.parties.officer, language="en")
    address = reverse("staffing:what_if", args=[run.pk])
    page = text(officer.get(address))
    assert "2</b> / 4" in page
    assert "one more village is served, or a needier one" in page
    assert officer.post(address, {"name": "Empty"}).status_code == 422
    assert officer.post(address, {"name": "Half", "subsidy_percent": "60"}).status_code == 422
    a_place(522634100000)
    asked = {
        "name": "More", "places_by": "1", "places_person": "", "cap": "9", "radius": "90",
        "firm_region": "522634100000", "firm_advisers": "1", "firm_capacity": "2", "firm_languages": ["hmu"],
        "subsidy_region": "522634100000", "subsidy_percent": "60", "without": proposal(case.lawyers[1]),
    }  # fmt: skip
    type(case.villages[0]).objects.filter(code=522634100000).update(
        longitude=108.1, latitude=26.38, location_source="corrected"
    )
    assert officer.post(address, asked).status_code == 302
    scenario = Scenario.objects.get()
    assert [change["kind"] for change in scenario.changes] == ["places", "firm", "cap", "radius", "subsidy", "without"]
    assert officer.post(address, asked).status_code == 422  # the name is taken
    assert 'hx-trigger="every 1s"' in text(officer.get(address))
    progress = reverse("staffing:what_if_progress", args=[run.pk])
    assert "HX-Refresh" not in officer.get(progress)
    assert officer.get(reverse("staffing:scenario", args=[scenario.pk])).url == address
    services_scenarios.execute_scenario(scenario_id=scenario.pk, now=clock.now())
    assert officer.get(progress)["HX-Refresh"] == "true"
    scenario.refresh_from_db()
    assert scenario.state == "done"
    page = text(officer.get(address, {"with": [str(scenario.pk), "x"]}))
    assert "counts as 60%: the subsidy covers the rest" in page
    page = text(officer.get(reverse("staffing:scenario", args=[scenario.pk])))
    assert "another lawyer in" in page
    assert scenario.digest in page
    places = json.loads(text(officer.get(reverse("staffing:scenario_map", args=[scenario.pk]))))
    assert sum(map(len, places["villages"].values())) == 4
    assert [each[2] for each in places["advisers"]][-1:] == ["another firm"]
    assert len(text(officer.get(reverse("staffing:scenario_csv", args=[scenario.pk]))).splitlines()) == 5
    assert len(text(officer.get(reverse("staffing:what_if_csv", args=[run.pk]))).splitlines()) == 3
    delete = reverse("staffing:scenario_delete", args=[scenario.pk])
    assert "Delete “More”?" in text(officer.get(delete))
    assert Scenario.objects.exists()
    assert officer.post(delete).status_code == 302
    assert not Scenario.objects.exists()


def test_who_sees_scenarios(client_for, case):
    run = run_case(case)
    scenario = scenario_case(case, run, PLACES)
    pages = [reverse(f"staffing:{name}", args=[run.pk]) for name in ("what_if", "what_if_progress", "what_if_csv")]
    pages += [
        reverse(f"staffing:{name}", args=[scenario.pk])
        for name in ("scenario", "scenario_map", "scenario_csv", "scenario_delete")
    ]
    supervisor = make_member(
        Role.SUPERVISOR, make_organisation(OrganisationKind.SUPERVISION, region=a_place(522600000000))
    )
    for user in (case.parties.approver, supervisor):
        client = client_for(user)
        for page in pages[:-1]:
            assert client.get(page).status_code == 200, (user, page)
        assert "places_by" not in text(client.get(pages[0]))
        assert client.get(pages[-1]).url == pages[0]
        assert client.post(pages[-1]).status_code == 403
        assert client.post(pages[0], {"name": "乙", "places_by": "1"}).status_code == 403
    other = make_member(Role.OFFICER, make_organisation(OrganisationKind.BUREAU))
    for user in (case.parties.bidder, case.lawyers[0], other):
        client = client_for(user)
        for page in pages:
            assert client.get(page).status_code == 404, (user, page)
            assert client.post(page).status_code in (404, 405)
    for page in pages:
        assert client_for().get(page).status_code == 302
    assert list(Scenario.objects.all()) == [scenario]


def test_pages_take_a_fixed_number_of_queries(client_for, django_assert_max_num_queries):
    def counts(villages, count):
        case = make_case(villages, (0.0, 0.1), capacity=1)
        run = run_case(case)
        scenarios_ = [scenario_case(case, run, PLACES, name=f"假设 {n}") for n in range(count)]
        client = client_for(case.parties.officer)
        found = []
        for page in (
            reverse("staffing:what_if", args=[run.pk]),
            reverse("staffing:what_if_csv", args=[run.pk]),
            reverse("staffing:scenario", args=[scenarios_[0].pk]),
            reverse("staffing:scenario_map", args=[scenarios_[0].pk]),
            reverse("staffing:scenario_csv", args=[scenarios_[0].pk]),
        ):
            with django_assert_max_num_queries(25) as captured:
                text(client.get(page))
            found.append(len(captured))
        return found

    assert counts((0.01, 0.02, 0.09), 1) == counts((0.01, 0.02, 0.03, 0.07, 0.08, 0.09), 3)
