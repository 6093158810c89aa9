"""Team runs: what is frozen, who is chosen and why, what is lacking, and that nobody ever has two seats of one team."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from marketplace.accounts.models import OrganisationKind
from marketplace.audit.models import Event
from marketplace.contracts import errors as contract_errors
from marketplace.contracts.models import Post
from marketplace.contracts.services import fill_post
from marketplace.core import clock
from marketplace.staffing import checks, errors, services, services_proposals
from marketplace.staffing.models import Assignment, AssignmentRun
from marketplace.staffing.teams.freezing import years_of_practice
from marketplace.staffing.teams.frozen import from_document
from marketplace.staffing.teams.wishes import SPECIALTIES
from tests.factories.accounts import make_credential, make_organisation
from tests.factories.staffing import a_lawyer, make_case, run_case
from tests.factories.teams import COVERS, FIRM, a_counsel, make_team, publish_team, run_team

pytestmark = pytest.mark.django_db


def bits(run, *fields):
    return sum(1 << run.parameters["bits"]["specialties"].index(field) for field in fields)


def test_the_nearest_people_who_cover_everything_have_a_seat_each():
    team = make_team()
    run = run_team(team)
    assert (run.state, run.shape, run.progress) == ("done", "team", 100)
    rows = list(run.assignments.select_related("post").order_by("post__seat"))
    assert [row.post.seat for row in rows] == [1, 2, 3, 4, 5]
    assert {row.person for row in rows} == set(team.lawyers[:5])
    assert {row.team_id for row in rows} == {team.contract.pk}
    reasons = {row.person: row.reason for row in rows}
    senior, procurement, land, other, _last = team.lawyers[:5]
    # The first is the only senior and the only one for administrative law; the fourth brings nothing that is asked for.
    assert reasons[senior]["needed_senior"]
    assert reasons[senior]["alone"] == bits(run, "administrative")
    assert reasons[procurement]["alone"] == bits(run, "procurement")
    assert reasons[land]["alone"] == bits(run, "land")
    assert (reasons[other]["brings"], reasons[other]["needed_senior"]) == (0, False)
    # Of those left, one covers everything and is a senior; for the fourth seat the other one is as far.
    assert reasons[senior]["free"]["person"] == team.lawyers[5].pk
    assert reasons[senior]["free"]["added"] > 0
    assert run.summary["team"] | {"gap": 0} == {
        "size": 5, "kept": 0, "required": bits(run, *COVERS), "still_required": bits(run, *COVERS), "seniors_wanted": 1,
        "seniors": 1, "contracts": 1, "teams": 1, "quarrels": 0, "gap": 0,
    }  # fmt: skip
    assert run.result["proof"]["primal"] == run.result["proof"]["dual"] == sum(row.cost for row in rows)


def test_a_specialist_far_away_comes_where_nobody_near_can():
    team = make_team([*FIRM[:2], (("labour",), 3, 0.03), *FIRM[3:]])
    run = run_team(team)
    chosen = {row.person: row for row in run.assignments.all()}
    far = team.lawyers[5]
    # He covers land, and being there he covers the rest too.
    assert chosen[far].reason["alone"] == bits(run, "land")
    assert chosen[far].reason["free"] is None
    assert len(chosen) == 5


def test_the_frozen_problem_is_what_the_tables_said():
    team = make_team()
    a_lawyer(team.parties.supplier, open_to_posts=False)
    a_lawyer(team.parties.supplier, licensed=False)
    sanctioned = a_counsel(team.parties.supplier, COVERS, 20)
    sanctioned.sanctions.create(
        reason="示例", basis="示例", valid_from=clock.today(), decided_by=team.parties.officer, decided_at=clock.now()
    )
    a_counsel(make_organisation(OrganisationKind.LAW_FIRM), COVERS, 20)
    run = run_team(team, radius_minutes=150, seniors=2, senior_years=9)
    deal = from_document(run.problem)
    assert deal.digest() == run.digest
    assert deal.people == sorted(person.pk for person in team.lawyers)
    assert run.parameters["left_out"] == {"not_open": 1, "not_licensed": 2}
    years = dict(zip(deal.people, deal.problem.counsel.years.tolist(), strict=True))
    assert [years[person.pk] for person in team.lawyers] == [each[1] for each in FIRM]
    assert deal.problem.contracts.size.tolist() == [5]
    assert deal.problem.contracts.seniors.tolist() == [2]
    assert (deal.problem.parameters.radius_minutes, deal.problem.parameters.senior_years) == (150, 9)
    assert deal.problem.parameters.seed == deal.seed() != 0
    assert deal.posts == list(team.contract.posts.order_by("seat").values_list("pk", flat=True))


def test_years_of_practice_come_from_the_first_licence():
    today = date(2026, 11, 24)
    firm = make_organisation(OrganisationKind.LAW_FIRM)

    def practised(**licence):
        person = a_lawyer(firm, licensed=False)
        make_credential(person, **({"number": f"1522620261{person.pk:07d}", "valid_from": today} | licence))
        return years_of_practice([person.pk], today)[person.pk]

    assert practised() == 0
    # The number says the year of the first licence, not the day: only years that are surely full count.
    assert practised(number="15226201810999901") == 7
    assert practised(valid_from=date(2020, 11, 24)) == 6
    assert practised(valid_from=date(2020, 11, 25)) == 5
    # A renewed licence does not make anybody young again, and one that was not verified does not count.
    assert practised(number="15226201010999902", valid_from=date(2025, 1, 1)) == 15
    assert practised(verified=False, valid_from=date(2000, 1, 1)) == 0
    assert practised(kind="notary", number="N1", valid_from=date(2000, 1, 1)) == 0


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"covers": [*COVERS, "environment"]}, "specialty"),
        ({"seniors": 3}, "senior"),
        ({"seniors": 2, "senior_years": 11}, "senior"),
        ({"radius_minutes": 12}, "people"),
    ],
)
def test_a_team_that_cannot_be_formed_says_what_is_lacking_and_asks_nobody(change, because):
    team = make_team()
    run = run_team(team, **change)
    assert not run.assignments.exists()
    empty = list(run.empty_posts.all())
    assert len(empty) == 5
    assert {each.because for each in empty} == {because}
    reason = empty[0].reason
    if because == "specialty":
        assert reason["lacking"] == bits(run, "environment")
        assert reason["help"] == []
    if because == "people":
        assert reason["eligible"] < 5
        assert {bar for each in reason["help"] for bar in each["bars"]} == {"beyond_radius"}


def test_one_fact_would_help_when_one_person_is_barred():
    team = make_team([*FIRM[:2], (("labour",), 3, 0.03), *FIRM[3:5], (("land",), 10, 0.2)])
    run = run_team(team, radius_minutes=30)
    [help_] = run.empty_posts.first().reason["help"]
    assert help_["person"] == team.lawyers[5].pk
    assert help_["bars"] == ["beyond_radius"]
    assert run_team(team, radius_minutes=help_["minutes"] + 1).assignments.count() == 5


def test_wishes_that_the_form_does_not_offer_are_refused():
    team = make_team()
    for wish in (
        {"radius_minutes": 5}, {"radius_minutes": "60"}, {"covers": ["klingon"]}, {"seniors": 6}, {"seniors": -1},
        {"senior_years": 0}, {"languages": ["hmu"]}, {"covers": list(SPECIALTIES)}, {"seniors": True},
    ):  # fmt: skip
        with pytest.raises(errors.BadWish):
            services.request_run(actor=team.parties.officer, contract=team.contract, parameters=wish, now=clock.now())
    assert not AssignmentRun.objects.exists()
    # The wishes of villages are none of a team's, and the other way round.
    case = make_case()
    with pytest.raises(errors.BadWish):
        run_case(case, covers=["land"])


def test_villages_stay_as_they_were():
    run = run_case(make_case())
    assert run.shape == "posts"
    assert set(run.assignments.values_list("team", flat=True)) == {None}


def test_a_run_replays_bit_for_bit_and_the_checks_find_what_was_changed():
    team = make_team()
    run = run_team(team)
    assert list(checks.replay(run)) == []
    assert [finding for finding in checks.check_staffing() if finding.rows] == []
    worse = run.assignments.exclude(person=team.lawyers[0]).first()
    Assignment.objects.filter(pk=worse.pk).update(person=team.lawyers[6])
    assert next(checks.replay(run)).startswith("post ")
    found = {finding.name: finding.rows for finding in checks.check_staffing() if finding.rows}
    assert "the stored prices prove the stored plan" in found
    assert "the seats have" in found["the stored prices prove the stored plan"][0][1]


def test_executing_twice_stores_once_and_a_lost_run_is_begun_again():
    team = make_team()
    run = run_team(team)
    before = list(run.assignments.values())
    services.execute_run(run_id=run.pk, now=clock.now())
    assert list(run.assignments.values()) == before
    assert Event.objects.filter(action="run.finish").count() == 1


# Nobody has two seats


def test_publishing_asks_each_member_once():
    team = make_team()
    asked = publish_team(team)
    assert {each.state for each in asked} == {"proposed"}
    assert len({each.person_id for each in asked}) == 5
    assert Event.objects.filter(action="assignment.propose").count() == 5
    for each in asked:
        services_proposals.accept_assignment(actor=each.person, assignment=each, now=clock.now())
    assert team.contract.posts.filter(state="filled").values("adviser").distinct().count() == 5


def test_who_was_named_by_hand_meanwhile_is_not_asked_for_a_second_seat():
    team = make_team()
    run = run_team(team)
    named = run.assignments.order_by("post__seat").first()
    last = run.assignments.order_by("-post__seat").first()
    # The firm names the person of seat one for seat five.
    fill_post(post=last.post, adviser=named.person, actor=team.parties.bidder, now=clock.now())
    asked = {each.pk: each.state for each in publish_team(team, run)}
    assert asked[named.pk] == asked[last.pk] == "withdrawn"
    assert sorted(asked.values()) == ["proposed"] * 3 + ["withdrawn"] * 2
    reasons = dict(Event.objects.filter(action="assignment.withdraw").values_list("subject_id", "reason"))
    assert reasons == {str(named.pk): "sits_already", str(last.pk): "post_taken"}


def test_a_second_seat_is_refused_with_words_and_by_the_database():
    team = make_team()
    first, second = team.contract.posts.order_by("seat")[:2]
    person = team.lawyers[0]
    fill_post(post=first, adviser=person, actor=team.parties.bidder, now=clock.now())
    with pytest.raises(contract_errors.SitsAlready):
        fill_post(post=second, adviser=person, actor=team.parties.bidder, now=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Post.objects.filter(pk=second.pk).update(state="filled", adviser=person, adviser_since=clock.today())
    run = run_team(team)
    rows = list(run.assignments.order_by("pk"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.filter(pk=rows[1].pk).update(person=rows[0].person)
    publish_team(team, run)
    twin = AssignmentRun.objects.create(
        contract=team.contract, requested_by=team.parties.officer, requested_at=clock.now(), state="cancelled"
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.create(
            run=twin, post=second, person=rows[0].person, team=team.contract, cost=1, travel_minutes=1, state="accepted",
            respond_by=clock.now(), answered_at=clock.now(),
        )  # fmt: skip


def test_seats_of_other_teams_count():
    team = make_team()
    busy = team.lawyers[0]
    for _ in range(2):
        other = make_team([], parties=team.parties)
        fill_post(
            post=other.contract.posts.order_by("seat").first(), adviser=busy, actor=team.parties.bidder, now=clock.now()
        )
    run = run_team(team)
    deal = from_document(run.problem)
    assert deal.problem.counsel.load[deal.people.index(busy.pk)] == 2
    assert busy not in {row.person for row in run.assignments.all()}


def test_the_last_place_goes_to_the_run_that_is_sent_first():
    first = make_team()
    second = make_team([], parties=first.parties)
    person = first.lawyers[0]
    other = make_team([], parties=first.parties)
    fill_post(post=other.contract.posts.first(), adviser=person, actor=first.parties.bidder, now=clock.now())
    runs = [run_team(first), run_team(second)]
    assert all(run.assignments.filter(person=person).exists() for run in runs)
    publish_team(first, runs[0])
    publish_team(second, runs[1])
    states = [run.assignments.get(person=person).state for run in runs]
    assert states == ["proposed", "withdrawn"]
    assert Event.objects.filter(action="assignment.withdraw").get().reason == "teams_full"


def test_an_overdue_seat_is_offered_to_somebody_else(at):
    team = make_team()
    asked = publish_team(team)
    silent = asked[0]
    at(clock.now() + timedelta(days=20))
    services_proposals.expire_overdue(now=clock.now())
    run = run_team(team)
    deal = from_document(run.problem)
    told = dict(zip(deal.problem.refusals.person.tolist(), deal.problem.refusals.bar.tolist(), strict=True))
    assert told[deal.people.index(silent.person_id)] == 2
    assert len(told) == 5
