"""A problem is checked when it is made, and has one canonical form."""

import json

import numpy as np
import pytest

from marketplace.matching.problem import Exclusions, Parameters, Problem, ProblemError, from_document

from .instances import county, problem_of


@pytest.mark.parametrize(
    ("posts", "people", "code"),
    [
        ([{"lon": float("nan")}], [], "nan"),
        ([{"lat": float("inf")}], [], "nan"),
        ([{"lon": 181.0}], [], "range"),
        ([], [{"lat": -91.0}], "range"),
        ([{"key": 1}, {"key": 1}], [], "duplicate"),
        ([], [{"key": 1}, {"key": 1}], "duplicate"),
        ([], [{"capacity": -1}], "negative"),
        ([], [{"load": -1}], "negative"),
        ([{"tier": -1}], [], "negative"),
        ([{"kmh": 0}], [], "range"),
        ([{"kmh": 40.5}], [], "range"),
        ([], [{"capacity": float("nan")}], "nan"),
        ([], [{"specialties": 1 << 62}], "overflow"),
        ([], [{"capacity": 10**7}], "overflow"),
        ([{"key": "one"}], [], "range"),
    ],
)
def test_bad_rows_are_refused(posts, people, code):
    with pytest.raises(ProblemError) as refusal:
        problem_of(posts, people)
    assert refusal.value.code == code


def test_a_refusal_names_the_rows():
    with pytest.raises(ProblemError, match=r"rows 1, 3") as refusal:
        problem_of([{}, {"lon": float("nan")}, {}, {"lon": float("nan")}], [])
    assert refusal.value.where == (1, 3)


def test_columns_of_different_length_are_refused():
    problem = problem_of([{}], [{}])
    columns = problem.posts.columns()
    columns["tier"] = [0, 0]
    with pytest.raises(ProblemError) as refusal:
        type(problem.posts)(**columns)
    assert refusal.value.code == "shape"


@pytest.mark.parametrize("change", [{"radius_minutes": -1}, {"cost_per_minute": 10**9}, {"seed": 0.5}, {"seed": 2**60}])
def test_bad_parameters_are_refused(change):
    with pytest.raises(ProblemError):
        Parameters(**change)


def test_an_exclusion_of_an_unknown_row_is_refused():
    problem = problem_of([{}], [{}])
    with pytest.raises(ProblemError):
        Problem(problem.posts, problem.people, exclusions=Exclusions([1], [0], [1]))


def test_columns_are_closed_to_writing():
    problem = county(5, 5)
    with pytest.raises(ValueError, match="read-only"):
        problem.people.capacity[0] = 9


def test_the_canonical_form_survives_the_way_through_json():
    problem = county(30, 12, 9)
    again = from_document(json.loads(json.dumps(problem.document())))
    assert again.canonical_bytes() == problem.canonical_bytes()
    assert again.digest() == problem.digest()
    assert len(problem.digest()) == 64


def test_equal_problems_have_one_digest_and_others_another():
    def digest(**post):
        return problem_of([post], [{}]).digest()

    assert digest(tier=1) == digest(tier=np.int32(1)) == digest(tier=1.0)
    assert len({digest(), digest(tier=1), digest(lon=108.1), digest(key=7)}) == 4
    assert problem_of([{}], [{}], {"seed": 1}).digest() != problem_of([{}], [{}], {"seed": 2}).digest()


def test_another_format_or_missing_parts_are_refused():
    document = county(3, 3).document()
    with pytest.raises(ProblemError, match="format"):
        from_document({**document, "format": 99})
    for spoiled in ({**document, "posts": {}}, {**document, "parameters": {"unknown": 1}}, {"format": 1}):
        with pytest.raises(ProblemError) as refusal:
            from_document(spoiled)
        assert refusal.value.code == "format"
