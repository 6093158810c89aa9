"""The ways between an organisation and those who serve for it."""

import pytest
from django.urls import reverse

from marketplace.accounts.models import Role
from tests.factories.accounts import make_member, make_organisation, make_practitioner

pytestmark = pytest.mark.django_db


def test_an_organisation_leads_to_the_cards_of_its_licensed_people(client_for):
    firm = make_organisation()
    licensed, unlicensed = make_practitioner(firm), make_practitioner(firm, licensed=False)
    text = client_for(language="en").get(reverse("accounts:organisation", args=[firm.pk])).content.decode()
    assert "<dd>1 person<br>" in text
    assert reverse("accounts:practitioner", args=[licensed.pk]) in text
    assert reverse("accounts:practitioner", args=[unlicensed.pk]) not in text


def test_a_card_says_what_the_person_is_and_leads_back(client_for):
    firm = make_organisation()
    lawyer = make_practitioner(firm)
    text = client_for(language="en").get(reverse("accounts:practitioner", args=[lawyer.pk])).content.decode()
    assert '<p class="kicker">Lawyer</p>' in text
    assert "issued by " in text
    assert text.index(reverse("accounts:organisation", args=[firm.pk])) < text.index("<h1")


def test_administrators_see_which_role_is_their_own(client_for):
    firm = make_organisation()
    boss = make_member(Role.ADMIN, firm)
    make_member(Role.BIDDER, firm)
    text = client_for(boss, language="en").get(reverse("accounts:members", args=[firm.pk])).content.decode()
    assert text.count('<span class="tag plain">you</span>') == 1
    assert "End the role" in text
