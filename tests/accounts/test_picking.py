"""One person among many, by typing: what names one, what names several, and what is proposed."""

import pytest
from django import forms
from django.test import RequestFactory

from marketplace.accounts.models import OrganisationKind, Role, User
from marketplace.accounts.picking import PersonField, find_people, proposal, propose_people
from tests.factories.accounts import make_member, make_organisation, make_practitioner

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    """Two of one name, one whose name holds it, and somebody who may not be chosen."""
    firm = make_organisation(OrganisationKind.LAW_FIRM)
    found = [make_practitioner(firm) for _ in range(3)]
    for person, name in zip(
        found, (("吴一飞", "Wu Yifei"), ("吴一飞", "Wu Yifei"), ("吴一飞扬", "Wu Yifeiyang")), strict=True
    ):
        User.objects.filter(pk=person.pk).update(display_name=name[0], display_name_en=name[1])
        person.refresh_from_db()
    stranger = make_member(Role.LAWYER, firm)
    User.objects.filter(pk=stranger.pk).update(display_name="吴二", display_name_en="")
    stranger.refresh_from_db()
    return [*found, stranger]


def chosen(people, text):
    class OneForm(forms.Form):
        person = PersonField()

    form = OneForm({"person": text})
    field = form.fields["person"]
    assert isinstance(field, PersonField)
    field.limit_to(User.objects.filter(pk__in=[p.pk for p in people[:3]]), "/where/")
    return form


def test_a_proposal_or_a_name_of_one_is_taken(people):
    for text, at in (
        (proposal(people[1]), 1),
        (f"#{people[0].pk}", 0),
        ("吴一飞扬", 2),
        ("wu yifeiy", 2),
        ("  飞扬 ", 2),
    ):
        form = chosen(people, text)
        assert form.is_valid(), (text, form.errors)
        assert form.cleaned_data["person"] == people[at]


def test_two_of_one_name_are_told_apart_by_their_numbers(people):
    form = chosen(people, "吴一飞")
    [error] = form.errors.as_data()["person"]
    assert error.code == "several_of_this_name"
    assert proposal(people[0]) in error.message
    assert proposal(people[1]) in error.message
    assert proposal(people[2]) not in error.message
    # What was typed stays.
    assert 'value="吴一飞"' in str(form["person"])
    assert 'hx-get="/where/?field=person"' in str(form["person"])


def test_who_may_not_be_chosen_is_unknown(people):
    for text in (proposal(people[3]), "吴二", "谁", f"吴二 #{people[0].pk}", "#99999999999999999999", "#"):
        [error] = chosen(people, text).errors.as_data()["person"]
        assert error.code == "unknown_person", text


def test_proposals_are_few_and_name_the_office(people):
    everybody = User.objects.filter(pk__in=[p.pk for p in people])
    request = RequestFactory().get("/", {"field": "person", "person": "一飞"})
    options = propose_people(request, everybody).content.decode()
    assert options.count("<option") == 3
    assert f'<option value="{proposal(people[0])}">{people[0].practitioner.region.name}</option>' in options
    for nothing in ({}, {"field": "person"}, {"field": "person", "person": "\x00"}):
        request = RequestFactory().get("/", nothing)
        assert propose_people(request, everybody).content.decode().strip() == ""
    assert [p.pk for p in find_people("吴", everybody, limit=2)] == [people[3].pk, people[0].pk]
