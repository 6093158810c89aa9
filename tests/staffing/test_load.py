"""What a lawyer's places are taken by: villages, and nothing else."""

import pytest

from marketplace.accounts.models import PractitionerProfile
from marketplace.contracts import services as contracts
from marketplace.core import clock
from marketplace.staffing.selectors import standing
from tests.factories.rosters import make_duty_contract
from tests.factories.staffing import make_case, publish_case, run_case

pytestmark = pytest.mark.django_db


def test_a_seat_at_the_centre_takes_no_village_from_a_lawyer():
    case = make_case((0.01,), (0.0,), capacity=1)
    [lawyer] = case.lawyers
    seat = make_duty_contract(case.parties).posts.get()
    contracts.fill_post(post=seat, adviser=lawyer, actor=case.parties.officer, now=clock.now())
    run = run_case(case)
    assert run.problem["people"]["load"] == [0]
    assert run.assignments.get().person == lawyer
    profile = PractitionerProfile.objects.get(user=lawyer)
    assert (standing(lawyer, profile).served, standing(lawyer, profile).free) == (0, 1)


def test_a_village_that_waits_for_an_answer_takes_a_place():
    case = make_case((0.01,), (0.0,), capacity=1)
    [lawyer] = case.lawyers
    publish_case(case)
    profile = PractitionerProfile.objects.get(user=lawyer)
    assert (standing(lawyer, profile).asked, standing(lawyer, profile).free) == (1, 0)
