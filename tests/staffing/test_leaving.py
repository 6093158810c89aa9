"""Why a post is free: what was said when somebody left it stands wherever the free post does."""

from datetime import timedelta

import pytest
from django.urls import reverse

from marketplace.contracts import services as contracts
from marketplace.contracts.selectors import Leaving
from marketplace.core import clock
from marketplace.core.i18n import localized
from marketplace.staffing import services_proposals
from marketplace.staffing.leaving import before, ending, leaving_words, left_of, why_left
from tests.factories.staffing import make_case, publish_case, repair_case
from tests.factories.teams import make_team, publish_team

pytestmark = pytest.mark.django_db


def accept(proposal):
    return services_proposals.accept_assignment(actor=proposal.person, assignment=proposal, now=clock.now())


def leave(proposal, actor, reason):
    contracts.vacate_post(post=proposal.post, actor=actor, reason=reason, now=clock.now())
    services_proposals.settle(now=clock.now())


def text(response):
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode()


def test_the_reason_given_at_leaving_stands_on_every_page_of_the_free_post(client_for):
    case = make_case((0.01, 0.02), (0.0,), capacity=2)
    first, second = publish_case(case)
    accept(first), accept(second)
    lawyer = client_for(first.person)
    assert reverse("contracts:leave", args=[first.post_id]) in text(
        lawyer.get(reverse("staffing:assignment", args=[first.pk]))
    )
    leave(first, first.person, "休产假")
    leave(second, case.parties.officer, "群众不满意")
    officer = client_for(case.parties.officer, language="en")
    for page in (
        reverse("staffing:contract", args=[case.contract.pk]),
        reverse("staffing:vacant"),
        reverse("staffing:vacant_csv"),
    ):
        seen = text(officer.get(page))
        assert "gave the post up on" in seen, page
        assert "“休产假”" in seen, page
        assert f"{localized(case.parties.officer, 'display_name', 'en')} made the post vacant on" in seen, page
        assert "“群众不满意”" in seen, page
    repair = repair_case(case, first.run)
    for name in ("run", "changes_csv"):
        seen = text(officer.get(reverse(f"staffing:{name}", args=[repair.pk])))
        assert "“休产假”" in seen
        assert "“群众不满意”" in seen
    # Nobody else of the firm can come to the second: its page of emptiness tells it too.
    seen = text(officer.get(reverse("staffing:empty", args=[repair.pk, second.post_id])))
    assert "“群众不满意”" in seen
    # Who left reads it on the page of the proposal; the public page of the village names no reason.
    assert "“群众不满意”" in text(client_for(second.person).get(reverse("staffing:assignment", args=[second.pk])))
    assert "群众不满意" not in text(client_for().get(reverse("staffing:village_reason", args=[second.post.region_id])))


def test_of_several_who_had_a_post_the_last_is_named():
    """A refusal after a leaving, and a leaving after a refusal."""
    case = make_case((0.01,), (0.0, 0.1), capacity=1)
    near, far = case.lawyers
    [first] = publish_case(case)
    assert before([case.post(0)]) == {}
    accept(first)
    leave(first, near, "休产假")
    [again] = services_proposals.publish_run(
        actor=case.parties.officer, run=repair_case(case, first.run), now=clock.now()
    ).assignments.all()
    services_proposals.decline_assignment(actor=again.person, assignment=again, reason="路远", now=clock.now())
    found = before([case.post(0)])[first.post_id]
    assert (found.person, found.why) == (again.person, "已谢绝：“路远”")
    later = clock.now() + timedelta(minutes=1)
    contracts.fill_post(post=case.post(0), adviser=far, actor=case.parties.officer, now=later)
    contracts.vacate_post(post=case.post(0), actor=case.parties.bidder, reason="调离", now=later)
    found = before([case.post(0)])[first.post_id]
    assert found.person == far
    assert "调离" in found.why


def test_who_comes_back_leaves_each_time_for_its_own_reason():
    case = make_case((0.01,), (0.0,))
    [first] = publish_case(case)
    accepted = [accept(first)]
    for reason in ("休产假", "路远"):
        leave(accepted[-1], first.person, reason)
        repair = repair_case(case, accepted[-1].run)
        services_proposals.publish_run(actor=case.parties.officer, run=repair, now=clock.now())
        accepted.append(accept(repair.assignments.get()))
    # The contract's end takes nobody away.
    contracts.terminate_contract(actor=case.parties.approver, contract=case.contract, reason="违约", now=clock.now())
    services_proposals.settle(now=clock.now())
    for each in accepted:
        each.refresh_from_db()
    assert [each.state for each in accepted] == ["ended"] * 3
    once, twice, last = map(ending, accepted)
    assert ("“休产假”" in once, "“路远”" in twice, last) == (True, True, "")
    left = left_of(case.contract)
    assert [why_left(each, left) for each in accepted] == [once, twice, "已离任"]


def test_a_leaving_without_a_person_on_record_is_nobodys_own():
    leaving = Leaving(post_id=1, person_id=2, actor=None, reason="示例", at=clock.now())
    assert not leaving.by_himself
    assert "主动" not in leaving_words(leaving)


def test_who_was_there_before_is_found_with_a_fixed_number_of_queries(django_assert_num_queries):
    case = make_case((0.01, 0.02, 0.03), (0.0,), capacity=3)
    proposals = publish_case(case)
    for each in proposals:
        accept(each)
    posts = [each.post for each in proposals]
    leave(proposals[0], proposals[0].person, "休产假")
    with django_assert_num_queries(3):
        assert len(before(posts)) == 1
    for each in proposals[1:]:
        leave(each, each.person, "休产假")
    with django_assert_num_queries(3):
        assert len(before(posts)) == 3


def with_addresses(*people):
    for person in people:
        person.email = f"{person.username}@example.org"
        person.save()
    return [person.email for person in people]


def test_who_gives_a_post_up_is_reported_to_the_buyer_and_the_firm(mailoutbox, django_capture_on_commit_callbacks):
    case = make_case((0.01,), (0.0, 0.1))
    people = case.parties
    [proposal] = publish_case(case)
    accept(proposal)
    buyer, firm, *_others = with_addresses(
        people.officer, people.bidder, people.approver, people.finance, *case.lawyers
    )
    with django_capture_on_commit_callbacks(execute=True):
        leave(proposal, proposal.person, "休产假")
    assert sorted(letter.to[0] for letter in mailoutbox) == sorted([buyer, firm])
    letter = mailoutbox[0]
    for language in ("zh-hans", "en"):
        assert localized(proposal.person, "display_name", language) in letter.body
        assert localized(proposal.post.region, "name", language) in letter.subject
    assert "somebody else can be asked" in letter.body
    assert "可以另行邀请" in letter.body
    assert reverse("staffing:contract", args=[case.contract.pk]) in letter.body
    assert "休产假" not in letter.body


def test_from_whom_a_post_is_taken_learns_why(mailoutbox, django_capture_on_commit_callbacks):
    case = make_case((0.01,), (0.0,))
    people = case.parties
    [proposal] = publish_case(case)
    accept(proposal)
    adviser, *_others = with_addresses(proposal.person, people.officer, people.bidder)
    with django_capture_on_commit_callbacks(execute=True):
        leave(proposal, people.bidder, "群众不满意")
    [letter] = mailoutbox
    assert letter.to == [adviser]
    assert "Reason: 群众不满意" in letter.body
    assert "原因：群众不满意" in letter.body
    assert reverse("contracts:detail", args=[case.contract.pk]) in letter.body


def test_an_empty_seat_of_a_team_says_who_left_it_and_why(client_for):
    team = make_team()
    asked = publish_team(team)
    for each in asked:
        accept(each)
    leave(asked[2], asked[2].person, "调往省里")
    page = text(client_for(team.parties.officer).get(reverse("staffing:contract", args=[team.contract.pk])))
    assert "主动离任：“调往省里”" in page
