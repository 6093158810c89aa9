"""The pages on which a person answers say until when, and the answer stands before the reasons, on a phone too."""

import re

import pytest
from django.urls import reverse

from tests.factories.staffing import make_case, publish_case
from tests.factories.teams import make_team, publish_team

pytestmark = pytest.mark.django_db

DEADLINE = re.compile(r'answer due <time class="deadline')


def read(client, name, key):
    return client.get(reverse(f"staffing:{name}", args=[key])).content.decode()


@pytest.mark.parametrize("of_team", [False, True])
def test_the_answer_stands_before_the_reasons_with_its_deadline(client_for, of_team):
    proposal = publish_team(make_team())[0] if of_team else publish_case(make_case())[0]
    lawyer = client_for(proposal.person, language="en")
    page = read(lawyer, "assignment", proposal.pk)
    accept, reasons = page.index(reverse("staffing:accept", args=[proposal.pk])), page.index("How it is calculated")
    assert page.index("</h1>") < accept < reasons < page.index("<aside")
    assert len(DEADLINE.findall(page)) == 1
    assert DEADLINE.search(read(lawyer, "decline", proposal.pk))
    # Whoever may not answer sees only until when an answer is awaited.
    seen = read(client_for(proposal.run.contract.drafted_by, language="en"), "assignment", proposal.pk)
    assert reverse("staffing:accept", args=[proposal.pk]) not in seen
    assert len(re.findall('<dt>answer due</dt><dd><time class="deadline', seen)) == 1


def test_ways_of_one_length_are_told_once(client_for):
    case = make_case((0.01, 0.01), (0.0,), capacity=2)
    proposal = publish_case(case)[0]
    page = client_for(proposal.person, language="en").get(reverse("staffing:proposals")).content.decode()
    assert re.search(r"<h2>\d+ min of travel, one way</h2>", page)
