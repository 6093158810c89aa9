"""The check accepts what is best and names what breaks any other answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.matching.network import network_of
from marketplace.matching.pairs import eligible_pairs
from marketplace.matching.proof import Flaw, NotOptimal, verify
from marketplace.matching.solver import measure, solve

from .instances import county, problem_of, problems
from .oracles import lowest_prices


@pytest.fixture(scope="module")
def solved():
    problem = county(60, 25, 3)
    pairs = eligible_pairs(problem)
    return problem, pairs, solve(problem, pairs)


def test_a_true_answer_is_accepted(solved):
    problem, pairs, plan = solved
    verdict = verify(problem, plan.person, plan.person_price)
    assert verdict.accepted
    assert verdict.breach is None
    assert verdict.pairs_read == len(pairs) > 500


@settings(max_examples=150, deadline=None)
@given(problems(), st.data())
def test_a_changed_plan_is_accepted_only_if_it_is_as_good(problem, data):
    pairs = eligible_pairs(problem)
    plan = solve(problem, pairs)
    network = network_of(problem, pairs)
    anybody = st.integers(-1, len(problem.people) - 1)
    drawn = data.draw(st.lists(anybody, min_size=len(problem.posts), max_size=len(problem.posts)))
    other = np.array(drawn, dtype=np.int64)
    verdict = verify(problem, other, plan.person_price)
    filled = np.flatnonzero(other >= 0)
    load = np.bincount(other[filled], minlength=len(problem.people))
    possible = (pairs.find(filled, other[filled]) >= 0).all() and (load <= problem.remaining()).all()
    if verdict.accepted:
        assert possible
        assert measure(problem, other) == plan.objective
    elif possible:
        theirs, best = measure(problem, other), plan.objective
        assert verdict.primal > verdict.dual
        assert (theirs.empty, theirs.empty_by_rank, theirs.cost) > (best.empty, best.empty_by_rank, best.cost)
        with pytest.raises(NotOptimal):
            lowest_prices(network, other)
    else:
        assert verdict.breach.flaw in {Flaw.NOT_ELIGIBLE, Flaw.OVER_CAPACITY}


@settings(max_examples=100, deadline=None)
@given(problems(), st.data())
def test_no_prices_prove_a_worse_plan(problem, data):
    pairs = eligible_pairs(problem)
    plan = solve(problem, pairs)
    filled = np.flatnonzero(plan.person >= 0)
    if not len(filled):
        return
    emptied = plan.person.copy()
    emptied[filled[0]] = -1
    prices = np.array(
        data.draw(st.lists(st.integers(-(10**5), 10**6), min_size=len(plan.load), max_size=len(plan.load)))
    )
    assert not verify(problem, emptied, prices).accepted


def test_each_corruption_is_named(solved):
    problem, pairs, plan = solved
    assert (plan.load > 0).any()

    def breach(person=plan.person, price=plan.person_price):
        verdict = verify(problem, person, price)
        assert not verdict.accepted
        return verdict.breach

    emptied = plan.person.copy()
    v = int(np.flatnonzero(plan.person >= 0)[4])
    emptied[v] = -1
    found = breach(emptied)
    assert (found.flaw, found.post) == (Flaw.COULD_BE_FILLED, v)
    assert found.gain > 0

    stranger = plan.person.copy()
    barred = next(p for p in range(len(problem.people)) if pairs.find(v, p) < 0)
    stranger[v] = barred
    assert (breach(stranger).flaw, breach(stranger).post) in {(Flaw.NOT_ELIGIBLE, v), (Flaw.OVER_CAPACITY, v)}

    full = int(np.flatnonzero((plan.load > 0) & (plan.load == problem.remaining()))[0])
    crowded = plan.person.copy()
    crowded[v if plan.person[v] != full else int(np.flatnonzero(plan.person != full)[0])] = full
    assert breach(crowded).flaw in {Flaw.OVER_CAPACITY, Flaw.NOT_ELIGIBLE}

    nonsense = plan.person.copy()
    nonsense[v] = len(problem.people)
    assert breach(nonsense).flaw is Flaw.NOT_ELIGIBLE
    assert breach(plan.person[:-1]).flaw is Flaw.SHAPE
    assert breach(price=np.zeros(3, dtype=np.int64)).flaw is Flaw.SHAPE
    assert breach(price=plan.person_price.astype(float)).flaw is Flaw.SHAPE

    raised = plan.person_price.copy()
    raised[int(plan.person[v])] += 10**7
    assert breach(price=raised).flaw in {Flaw.CHEAPER_PERSON, Flaw.BETTER_EMPTY, Flaw.PLACE_LEFT_OUT}
    lowered = plan.person_price.copy()
    lowered[int(plan.person[v])] -= 10**7
    assert breach(price=lowered).flaw in {Flaw.CHEAPER_PERSON, Flaw.COULD_BE_FILLED, Flaw.PLACE_TOO_DEAR}
    wild = plan.person_price.copy()
    wild[0] = np.iinfo(np.int64).max
    assert breach(price=wild).flaw is Flaw.PLACE_TOO_DEAR


def test_a_swap_that_costs_names_the_pair_that_is_cheaper():
    posts = [{}, {"lon": 108.4}]
    people = [{"capacity": 1}, {"capacity": 1, "lon": 108.4}]
    problem = problem_of(posts, people, {"radius_minutes": 900})
    pairs = eligible_pairs(problem)
    plan = solve(problem, pairs)
    assert plan.person.tolist() == [0, 1]
    verdict = verify(problem, np.array([1, 0]), plan.person_price)
    assert verdict.breach.flaw is Flaw.CHEAPER_PERSON
    assert (verdict.breach.post, verdict.breach.person) in {(0, 0), (1, 1)}
    assert verdict.breach.gain > 0
