"""Lawyers, villages and areas of a run are chosen by typing: pages stay as small as they are, however many there are."""

import re

import pytest
from django.urls import reverse

from marketplace.accounts.models import OrganisationKind, Role
from marketplace.accounts.picking import proposal
from marketplace.regions.models import Region
from marketplace.staffing.models import Scenario
from tests.factories.accounts import make_member, make_organisation
from tests.factories.staffing import a_lawyer, make_case, run_case

pytestmark = pytest.mark.django_db


def text(response):
    return response.content.decode()


def test_the_forms_hold_no_list_and_take_as_many_queries_for_three_as_for_one(
    client_for, django_assert_max_num_queries
):
    def measured(count):
        case = make_case([0.01 * n for n in range(1, count + 1)], [0.0] * count)
        run = run_case(case)
        client = client_for(case.parties.officer)
        found: dict[str, object] = {}
        for name in ("what_if", "why_not"):
            with django_assert_max_num_queries(20) as captured:
                page = text(client.get(reverse(f"staffing:{name}", args=[run.pk])))
            form = page[page.index('<form class="form"') :]
            assert all(proposal(lawyer) not in form for lawyer in case.lawyers)
            assert all(str(village.pk) not in form for village in case.villages)
            found[name] = (len(captured), page.count("<option"), page.count("<input"))
        for what, typed in (("lawyers", case.lawyers[0].display_name[:2]), ("villages", str(case.villages[0].pk))):
            with django_assert_max_num_queries(12) as captured:
                client.get(reverse("staffing:suggest", args=[run.pk, what]), {"field": "x", "x": typed})
            found[what] = len(captured)
        return found

    assert measured(1) == measured(3)


def test_proposals_come_from_the_run_alone(client_for):
    case = make_case((0.01, 0.02), (0.0,))
    run = run_case(case)
    late = a_lawyer(case.parties.supplier)
    other = make_case((0.03,), (0.0,))
    client = client_for(case.parties.bidder)

    def options(what, typed):
        page = client.get(
            reverse("staffing:suggest", args=[run.pk, what]), {"field": "x", "x": typed}, headers={"HX-Request": "true"}
        )
        return page.status_code, text(page)

    assert proposal(case.lawyers[0]) in options("lawyers", case.lawyers[0].display_name)[1]
    for stranger in (late, other.lawyers[0]):
        assert options("lawyers", f"#{stranger.pk}")[1].strip() == ""
    assert case.villages[1].name in options("villages", str(case.villages[1].pk))[1]
    assert options("villages", str(other.villages[0].pk))[1].strip() == ""
    Region.objects.update_or_create(
        code=522634100000,
        defaults={"level": 4, "name": "丹江镇", "official_name": "丹江镇", "pinyin": "", "search": ""},
    )
    assert "丹江镇" in options("areas", "522634100000")[1]
    assert options("areas", str(case.villages[0].pk))[1].strip() == ""
    assert options("contracts", "x")[0] == 404
    rival = make_member(Role.BIDDER, make_organisation(OrganisationKind.LAW_FIRM))
    for user in (rival, case.lawyers[0]):
        address = reverse("staffing:suggest", args=[run.pk, "lawyers"])
        assert client_for(user).get(address, {"field": "x", "x": "a"}).status_code == 404


def test_what_was_typed_stays_and_the_refusal_says_what_to_do(client_for):
    case = make_case((0.01, 0.02), (0.0, 0.1))
    run = run_case(case)
    client = client_for(case.parties.officer, language="en")
    page = text(client.get(reverse("staffing:why_not", args=[run.pk]), {"village": "522634999999", "person": "谁"}))
    assert "No place that can be chosen here" in page
    assert "Nobody who could be chosen here" in page
    assert 'value="522634999999"' in page
    assert 'value="谁"' in page
    page = text(client.get(reverse("staffing:why_not", args=[run.pk]), {"village": str(case.villages[0].pk)}))
    assert re.search(rf'name="village" value="[^"]*{case.villages[0].pk}', page)
    address = reverse("staffing:what_if", args=[run.pk])
    refused = client.post(
        address, {"name": "甲", "places_by": "1", "places_person": "谁", "subsidy_region": "520000000000"}
    )
    assert refused.status_code == 422
    assert not Scenario.objects.exists()
    assert 'value="谁"' in text(refused)
    asked = {"name": "甲", "places_by": "1", "places_person": proposal(case.lawyers[1])}
    assert client.post(address, asked).status_code == 302
    assert Scenario.objects.get().changes == [{"kind": "places", "person": case.lawyers[1].pk, "by": 1}]
