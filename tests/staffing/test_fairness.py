"""Figures of fairness against counting by hand, and who may read them."""

import numpy as np
import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from marketplace.accounts.models import OrganisationKind, Role
from marketplace.core import clock
from marketplace.matching.pairs import eligible_pairs
from marketplace.matching.problem import from_document
from marketplace.staffing import measuring, services, services_proposals, services_repair
from marketplace.staffing.models import AssignmentRun
from marketplace.staffing.selectors_fairness import languages
from tests.factories.accounts import a_place, make_member, make_organisation
from tests.factories.staffing import make_case, publish_case, run_case
from tests.matching.instances import problems

pytestmark = pytest.mark.django_db


@given(st.lists(st.integers(0, 50), max_size=30))
def test_gini_is_the_mean_difference(values):
    total = sum(values)
    expected = sum(abs(a - b) for a in values for b in values) / (2 * len(values) * total) if total else 0
    assert measuring.gini(values) == pytest.approx(1000 * expected, abs=0.5001)


def test_travel_bands_by_hand():
    assert measuring.travel([15, 16, 30, 91, 200]) == {"median": 30, "longest": 200, "bands": [1, 2, 0, 0, 0, 2]}
    assert measuring.travel([]) == {"median": None, "longest": None, "bands": [0] * 6}


@pytest.mark.parametrize(("times", "median"), [([15, 31], 23), ([15, 30], 23), ([7], 7), ([40, 10, 20, 21], 21)])
def test_a_median_is_what_anybody_reckons_from_the_table(times, median):
    """Of an even number the mean of the two in the middle, a half rounded up."""
    assert measuring.travel(times)["median"] == median


def test_figures_of_a_small_plan():
    case = make_case((0.01, 0.02, 0.09, 0.1), (0.0, 0.1), capacity=1, languages=["cmn", "hmu"])
    run = run_case(case, languages=["hmu"])
    found = run.fairness
    assert found["loads"] == {"people": 2, "counts": [[1, 2]], "most": 1, "median": 1, "mean": 1000, "gini": 0}
    assert [(t["tier"], t["posts"], t["filled"]) for t in found["tiers"]] == [(2, 4, 2)]
    assert found["ranks"] == [{"tier": 2, "rounds": 0, "posts": 4, "empty": 2}]
    hmu = run.parameters["bits"]["languages"].index("hmu")
    assert found["languages"][hmu] == 2


def blocking_by_hand(problem, pairs, person):
    cost = {(int(v), int(p)): int(c) for v, p, c in zip(pairs.post(), pairs.person, pairs.cost, strict=True)}
    found = set()
    for (v, p), c in cost.items():
        mine = [cost[w, p] for w in range(len(person)) if person[w] == p]
        village_gains = person[v] < 0 or c < cost[v, int(person[v])]
        free = len(mine) < problem.remaining()[p]
        if person[v] != p and village_gains and (free or (mine and c < max(mine))):
            found.add((v, p))
    return found


@given(problems(), st.randoms(use_true_random=False))
def test_blocking_pairs_against_a_plain_search(problem, random):
    pairs = eligible_pairs(problem)
    room = problem.remaining().copy()
    person = np.full(len(problem.posts), -1, dtype=np.int64)
    for v in range(len(person)):
        options = [int(p) for p in pairs.person[pairs.start[v] : pairs.start[v + 1]] if room[p]]
        if options and random.random() < 0.8:
            person[v] = random.choice(options)
            room[person[v]] -= 1
    expected = blocking_by_hand(problem, pairs, person)
    found = measuring.blocking(problem, person)
    assert found["pairs"] == len(expected)
    assert (found["posts"], found["people"]) == (len({v for v, _ in expected}), len({p for _, p in expected}))
    keys = {(int(problem.posts.key[v]), int(problem.people.key[p])) for v, p in expected}
    assert {(e["post"], e["person"]) for e in found["examples"]} <= keys


def test_a_tie_is_counted_as_decided_by_lot():
    case = make_case((0.0,), (0.05, -0.05))
    run = run_case(case)
    assert run.fairness["lot"] == {"posts": 1, "exact": True}
    assert run_case(make_case((0.0,), (0.01, 0.05))).fairness["lot"]["posts"] == 0


def test_a_run_stored_without_figures_is_measured_the_same():
    case = make_case((0.01, 0.02, 0.09), (0.0, 0.1), capacity=1)
    run = run_case(case)
    AssignmentRun.objects.filter(pk=run.pk).update(fairness={})
    assert services.measure_runs() == 1
    assert services.measure_runs() == 0
    again = AssignmentRun.objects.get(pk=run.pk)
    assert again.fairness == run.fairness
    assert from_document(again.problem).digest() == run.digest


def text(response):
    return (b"".join(response.streaming_content) if response.streaming else response.content).decode()


FILES = ("tiers", "places", "languages", "load", "journeys", "order", "vacant")


def test_names_for_those_who_oversee_and_totals_for_everybody(client_for):
    # The first lawyer and the second village lie next to each other, but then the first village would be far from anybody.
    case = make_case((0.0, 0.05, 3.0), (0.04, 0.1), capacity=1)
    run = run_case(case)
    assert run.fairness["blocking"]["pairs"] == 1
    address = reverse("staffing:fairness", args=[run.pk])
    supervisor = make_member(
        Role.SUPERVISOR, make_organisation(OrganisationKind.SUPERVISION, region=a_place(522600000000))
    )
    other = make_member(Role.OFFICER, make_organisation(OrganisationKind.BUREAU))
    names = [lawyer.display_name for lawyer in case.lawyers]
    pairs = reverse("staffing:fairness_csv", args=[run.pk, "blocking-pairs"])
    for overseer in (case.parties.officer, case.parties.approver, supervisor):
        client = client_for(overseer)
        assert any(name in text(client.get(address)) for name in names)
        assert len(text(client.get(pairs)).splitlines()) == 1 + run.fairness["blocking"]["pairs"]
    for user in (None, other, case.parties.bidder, case.lawyers[0]):
        assert client_for(user).get(address).status_code == 404
        assert client_for(user).get(reverse("staffing:fairness_csv", args=[run.pk, "load"])).status_code == 404
    services_proposals.publish_run(actor=case.parties.officer, run=run, now=clock.now())
    for user in (None, other, case.parties.bidder, case.lawyers[0]):
        client = client_for(user)
        page = client.get(address)
        assert page.status_code == 200
        main = text(page).split("<main", 1)[1]
        assert not any(name in main for name in names)
        assert str(run.summary["weights"]["seed"]) in main
        for name in FILES:
            lines = text(client.get(reverse("staffing:fairness_csv", args=[run.pk, name]))).splitlines()
            assert len(lines) > 1, name
            assert not any(each in "".join(lines) for each in names)
        assert client.get(pairs).status_code == 404
        assert client.get(reverse("staffing:fairness_csv", args=[run.pk, "nothing"])).status_code == 404


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_page_says_what_is_not_measured_yet(client_for, language):
    case = make_case()
    [first, *_] = publish_case(case)
    client = client_for(case.parties.officer, language=language)
    address = reverse("staffing:fairness", args=[first.run_id])
    assert client.get(address).status_code == 200
    AssignmentRun.objects.filter(pk=first.run_id).update(fairness={})
    assert client.get(address).status_code == 200
    assert client.get(reverse("staffing:fairness_csv", args=[first.run_id, "load"])).status_code == 404


def test_a_fixed_number_of_queries(client_for, django_assert_max_num_queries):
    def count(villages):
        case = make_case(villages, (0.0, 0.1), capacity=1)
        run = run_case(case)
        client = client_for(case.parties.officer)
        with django_assert_max_num_queries(20) as captured:
            client.get(reverse("staffing:fairness", args=[run.pk]))
        return len(captured)

    assert count((0.01,)) == count((0.01, 0.02, 0.09))


def test_the_seed_shown_is_that_of_the_problem_without_a_seed(client_for):
    """Whoever follows the sentence beside the seed finds that very seed; the SHA-256 shown begins otherwise."""
    case = make_case((0.01, 0.02), (0.0, 0.1))
    run = run_case(case)
    page = text(client_for(case.parties.officer, language="en").get(reverse("staffing:fairness", args=[run.pk])))
    seed = run.summary["weights"]["seed"]
    assert f"<dd>{seed}</dd>" in page
    assert run.digest in page
    assert "the SHA-256 of the same data with 0 in the place of the seed" in page
    document = AssignmentRun.objects.defer(None).get(pk=run.pk).problem
    document["parameters"]["seed"] = 0
    assert int(from_document(document).digest()[:12], 16) == seed
    assert int(run.digest[:12], 16) != seed


def test_a_plan_repaired_since_says_so(client_for):
    case = make_case((0.01, 0.02), (0.0, 0.1))
    proposed = publish_case(case)[0]
    run = proposed.run
    address = reverse("staffing:fairness", args=[run.pk])
    services_proposals.decline_assignment(actor=proposed.person, assignment=proposed, reason="太远", now=clock.now())
    repair = services_repair.request_repair(actor=case.parties.officer, run=run, now=clock.now())
    services.execute_run(run_id=repair.pk, now=clock.now())
    assert "Since repaired" not in text(client_for(None, language="en").get(address))
    repair.refresh_from_db()
    services_proposals.publish_run(actor=case.parties.officer, run=repair, now=clock.now())
    assert f"Gaps since filled by computation {repair.pk}" in text(client_for(None, language="en").get(address))
    assert reverse("staffing:run", args=[repair.pk]) in text(client_for(case.parties.officer).get(address))


def test_pairs_that_would_gain_carry_their_labels_on_a_phone(client_for):
    case = make_case((0.0, 0.05, 3.0), (0.04, 0.1), capacity=1)
    run = run_case(case)
    page = text(client_for(case.parties.officer, language="en").get(reverse("staffing:fairness", args=[run.pk])))
    table = page.split("Those that would gain most")[1].split("</table>")[0]
    assert 'class="pile"' in table
    assert 'data-label="Better by (min)"' in table


def test_a_language_column_stands_only_where_one_was_required():
    assert (
        "是否要求"
        in languages(run_case(make_case((0.0,), (0.01,), languages=["cmn", "hmu"]), languages=["hmu"])).header
    )
    assert len(languages(run_case(make_case((0.0,), (0.01,), languages=["cmn", "hmu"]))).header) == 2
