"""Two runs and acceptances at once: nobody ever has two seats of one team, nor more teams than he offers."""

import pytest

from marketplace.contracts import services as contracts
from marketplace.contracts.models import Post
from marketplace.core import clock
from marketplace.staffing import services_proposals
from marketplace.staffing.models import Assignment
from tests.factories.catalog import make_version
from tests.factories.teams import make_team, publish_team, run_team

from .test_killed_worker import in_threads

pytestmark = pytest.mark.django_db(transaction=True)
COMMITS = True


def test_naming_by_hand_accepting_and_sending_at_once_give_one_seat_each():
    make_version("PLS-02")
    team = make_team()
    run = run_team(team)
    row = run.assignments.select_related("person").order_by("post__seat").first()
    last = Post.objects.filter(contract=team.contract).order_by("-seat").first()
    in_threads(
        lambda: services_proposals.publish_run(actor=team.parties.officer, run=run, now=clock.now()),
        lambda: contracts.fill_post(post=last, adviser=row.person, actor=team.parties.bidder, now=clock.now()),
    )
    row.refresh_from_db()
    if row.state == "proposed":
        in_threads(
            lambda: services_proposals.accept_assignment(actor=row.person, assignment=row, now=clock.now()),
            lambda: contracts.fill_post(post=last, adviser=row.person, actor=team.parties.bidder, now=clock.now()),
        )
    assert Post.objects.filter(contract=team.contract, adviser=row.person).count() == 1
    live = Assignment.objects.filter(team=team.contract, state__in=["proposed", "accepted"])
    assert live.filter(person=row.person).count() <= 1


def test_accepting_one_seat_many_times_at_once_fills_it_once():
    make_version("PLS-02")
    team = make_team()
    asked = publish_team(team)[0]
    outcomes = in_threads(
        *[lambda: services_proposals.accept_assignment(actor=asked.person, assignment=asked, now=clock.now())] * 3
    )
    assert sum(isinstance(outcome, Assignment) for outcome in outcomes) == 1
    assert Post.objects.filter(contract=team.contract, adviser=asked.person).count() == 1


def test_two_runs_sent_at_once_take_a_persons_last_place_once():
    make_version("PLS-02")
    first = make_team()
    second = make_team([], parties=first.parties)
    person = first.lawyers[0]
    other = make_team([], parties=first.parties)
    contracts.fill_post(post=other.contract.posts.first(), adviser=person, actor=first.parties.bidder, now=clock.now())
    runs = [run_team(first), run_team(second)]
    in_threads(
        *[
            lambda run=run: services_proposals.publish_run(actor=first.parties.officer, run=run, now=clock.now())
            for run in runs
        ]
    )
    states = sorted(Assignment.objects.filter(person=person).values_list("state", flat=True))
    assert states == ["proposed", "withdrawn"]
