"""One fact is told alike wherever it stands: counts, journeys, and what a plan of the past became."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.contracts.kinds import PostKind
from marketplace.core import clock
from marketplace.staffing import selectors, selectors_map, services_proposals
from marketplace.staffing.models import Assignment, EmptyPost
from marketplace.staffing.reasons_in_words import as_minutes, part_lines
from tests.factories.staffing import WHERE, make_case, publish_case, repair_case, run_case
from volunteers.models import Opportunity

pytestmark = pytest.mark.django_db


def text(response):
    return response.content.decode()


@pytest.fixture
def case():
    """Four villages, two lawyers of one place each: two villages stay empty."""
    return make_case((0.01, 0.02, 0.09, 0.1), (0.0, 0.1), capacity=1)


def call_for_the_rest(client, case):
    day = (timezone.localdate() + timedelta(days=10)).isoformat()
    asked = {"first_day": day, "starts": "09:00", "ends": "11:00", "visits": "1", **WHERE}
    assert client.post(reverse("staffing:call", args=[case.contract.pk]), asked).status_code == 302
    return list(Opportunity.objects.filter(seeks_adviser_for_post__isnull=False))


def decline(assignment):
    services_proposals.decline_assignment(
        actor=assignment.person, assignment=assignment, reason="太远", now=clock.now()
    )


def test_a_journey_has_one_figure_on_the_page_that_explains_it():
    """Costs are rounded up, journeys to the nearest minute: for some the two differ, and only the journey is shown."""
    run = run_case(make_case((0.011, 0.023, 0.037, 0.051, 0.067), (0.0,), capacity=9))
    rows = list(run.assignments.select_related("run"))
    assert any(as_minutes(run, row.reason["parts"]["travel"]) != row.travel_minutes for row in rows)
    assert [part_lines(row, PostKind.VILLAGE)[0].minutes for row in rows] == [row.travel_minutes for row in rows]


def test_the_list_of_contracts_counts_like_the_page_of_each(client_for, case):
    publish_case(case)
    officer = client_for(case.parties.officer, language="en")

    def counts():
        row: Any = selectors.contract_list(case.parties.officer).get()
        page = selectors.overview(case.contract).counts
        assert (row.filled_count, row.called_count, row.vacant_count) == (
            page[selectors.SERVED], page[selectors.CALLED], page[selectors.VACANT],
        )  # fmt: skip
        assert row.asked_count == page[selectors.PROPOSED]
        assert row.post_count == row.filled_count + row.asked_count + row.called_count + row.vacant_count
        return row.called_count, row.vacant_count

    assert counts() == (0, 2)
    assert '<span class="tag stop">vacant</span>' in text(officer.get(reverse("staffing:index")))
    call_for_the_rest(officer, case)
    assert counts() == (2, 0)
    page = text(officer.get(reverse("staffing:index")))
    assert '<span class="tag wait">volunteers sought</span>' in page
    assert '<span class="tag stop">vacant</span>' not in page
    assert "2 posts without an adviser" in page


def test_a_contract_that_waits_for_volunteers_leads_to_the_calls(client_for, case):
    for assignment in publish_case(case):
        services_proposals.accept_assignment(actor=assignment.person, assignment=assignment, now=clock.now())
    officer = client_for(case.parties.officer, language="en")
    address = reverse("staffing:contract", args=[case.contract.pk])
    assert "seeking volunteers" not in text(officer.get(address))
    call_for_the_rest(officer, case)
    page = text(officer.get(address))
    assert "2 villages are seeking volunteers" in page
    assert '<a class="btn" href="#calls">' in page
    assert 'id="calls"' in page
    assert '<button class="btn quiet">Compute again</button>' in page
    assert "Takes the vacant villages" not in page


def test_a_plan_says_what_came_of_it_and_what_repaired_it(client_for, case):
    first, second = publish_case(case)
    services_proposals.accept_assignment(actor=first.person, assignment=first, now=clock.now())
    decline(second)
    run = first.run
    address = reverse("staffing:run", args=[run.pk])
    officer = client_for(case.parties.officer, language="en")
    page = text(officer.get(address))
    assert "The plan gives 2 of 4 villages a lawyer" in page
    assert "villages served" not in page
    assert "Answers: 1 accepted · 1 became vacant" in page
    drawn = selectors_map.run_map(run)["villages"]
    drawn.pop(selectors_map.EMPTY)
    assert {status: len(places) for status, places in drawn.items()} == {
        status: selectors_map.outcome(run)[status] for status in drawn
    }
    # What fell free stands first.
    assert page.index(reverse("staffing:assignment", args=[second.pk])) < page.index(
        reverse("staffing:assignment", args=[first.pk])
    )
    assert "Gaps since filled" not in page
    repair = repair_case(case, run)
    services_proposals.publish_run(actor=case.parties.officer, run=repair, now=clock.now())
    page = text(officer.get(address))
    assert "Gaps since filled by" in page
    assert reverse("staffing:run", args=[repair.pk]) in page
    assert "Gaps since filled" not in text(officer.get(reverse("staffing:run", args=[repair.pk])))


def test_a_plan_that_was_not_sent_has_no_outcome(client_for, case):
    run = run_case(case)
    page = text(client_for(case.parties.officer, language="en").get(reverse("staffing:run", args=[run.pk])))
    assert "Answers:" not in page


def test_a_village_left_empty_is_shown_as_it_stands_today(client_for, case):
    run = publish_case(case)[0].run
    empty = list(run.empty_posts.all())
    officer = client_for(case.parties.officer, language="en")
    bidder = client_for(case.parties.bidder, language="en")
    plan = reverse("staffing:run", args=[run.pk])
    why = reverse("staffing:empty", args=[run.pk, empty[0].post_id])
    call = reverse("staffing:call", args=[case.contract.pk])
    for page in (text(officer.get(plan)), text(officer.get(why))):
        assert '<span class="tag stop">vacant</span>' in page
        assert call in page
    # The firm calls nobody.
    for page in (text(bidder.get(plan)), text(bidder.get(why))):
        assert call not in page
    assert len({each.because for each in empty}) == 1
    assert text(officer.get(plan)).count("Every lawyer within reach is needed in villages") == 1
    calls = call_for_the_rest(officer, case)
    for page, mine in (
        (text(officer.get(plan)), calls),
        (text(officer.get(why)), [each for each in calls if each.seeks_adviser_for_post == empty[0].post_id]),
    ):
        assert '<span class="tag stop">vacant</span>' not in page
        assert all(
            f'<a class="tag wait" href="{reverse("volunteers:opportunity", args=[c.pk])}">' in page for c in mine
        )
        assert call not in page
    assert f"The reasons are those of computation {run.pk}" in text(officer.get(why))
    assert Assignment.objects.filter(post=empty[0].post_id).count() == 0


def test_the_lawyer_is_addressed_and_only_while_asked_in_the_present(client_for, case):
    first = publish_case(case)[0]
    address = reverse("staffing:assignment", args=[first.pk])
    lawyer = client_for(first.person, language="en")
    page = text(lawyer.get(address))
    assert "Why you are asked for" in page
    assert "choosing you gives the best plan" in page
    assert "this one" not in page
    decline(first)
    assert "Why you were asked for" in text(lawyer.get(address))
    assert "this one" in text(client_for(case.parties.officer, language="en").get(address))
    for reader in (lawyer, client_for(case.parties.officer)):
        assert f">{case.contract.number}</a></dd>" in text(reader.get(address))


def test_a_vacant_post_that_nobody_ever_held_says_why(client_for, case):
    """The plan left it empty: the page and its file say by which rule, and the page leads to the reasons."""
    publish_case(case)
    officer = client_for(case.parties.officer, language="en")
    unfilled = EmptyPost.objects.filter(run__contract=case.contract)
    assert unfilled
    page = text(officer.get(reverse("staffing:vacant")))
    for each in unfilled:
        assert f'<a href="{reverse("staffing:empty", args=[each.run_id, each.post_id])}">' in page
    rows = b"".join(officer.get(reverse("staffing:vacant_csv")).streaming_content).decode().splitlines()[1:]
    assert len(rows) == len(unfilled)
    assert all(row.endswith("all within reach are needed elsewhere") for row in rows)
