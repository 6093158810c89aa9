"""The ways between an organisation and those who serve for it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from marketplace.accounts import views_organisations
from marketplace.accounts.models import Role
from tests.factories.accounts import make_member, make_organisation, make_practitioner, make_user

pytestmark = pytest.mark.django_db


def test_an_organisation_leads_to_the_cards_of_its_licensed_people(client_for):
    firm = make_organisation()
    licensed, unlicensed = make_practitioner(firm), make_practitioner(firm, licensed=False)
    text = client_for(language="en").get(reverse("accounts:organisation", args=[firm.pk])).content.decode()
    assert "<dd>1 person<br>" in text
    assert reverse("accounts:practitioner", args=[licensed.pk]) in text
    assert reverse("accounts:practitioner", args=[unlicensed.pk]) not in text


def test_a_firm_of_many_shows_its_people_page_by_page(client_for, monkeypatch):
    monkeypatch.setattr(views_organisations, "PAGE_SIZE", 2)
    firm = make_organisation()
    address = reverse("accounts:organisation", args=[firm.pk])

    def shown(query=""):
        with CaptureQueriesContext(connection) as queries:
            text = client_for(language="en").get(address + query).content.decode()
        cards = [f'href="{reverse("accounts:practitioner", args=[person.pk])}"' in text for person in lawyers]
        return cards, len(queries), text

    lawyers = [make_practitioner(firm, user=make_user(display_name="甲"))]
    first, queries, text = shown()
    assert first == [True]
    assert 'class="pager"' not in text
    lawyers += [make_practitioner(firm, user=make_user(display_name=name)) for name in ("甲", "甲")]
    found, again, text = shown()
    assert (found, again) == ([True, True, False], queries)
    assert "<dd>3 people<br>" in text
    assert "?page=2#people" in text
    found, again, text = shown("?page=2")
    assert (found, again) == ([False, False, True], queries)
    assert "<dd>3 people<br>" in text


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
