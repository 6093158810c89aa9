"""Who serves a post; what its village says."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.db import connections
from django.utils import translation

from marketplace.accounts.models import Credential, Membership, Role, Sanction
from marketplace.audit.models import Event
from marketplace.contracts import errors, selectors, services
from marketplace.contracts.models import Post, VillageRating
from marketplace.contracts.services_posts import quarter_asked, quarter_words, quarters_to_rate
from marketplace.core import clock
from marketplace.core.errors import InvalidInput, PermissionRefused
from marketplace.core.states import IllegalTransition
from marketplace.timesheets.subjects import subjects_of
from tests.contracts.test_contract import at_once
from tests.factories.accounts import make_credential, make_member, make_membership, make_practitioner, make_user
from tests.factories.contracts import make_contract, make_parties, make_village_voice, parties_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal():
    contract = make_contract()
    people = parties_of(contract)
    return contract, people, make_practitioner(people.supplier), contract.posts.order_by("pk").first()


def _fill(post, adviser, actor):
    return services.fill_post(post=post, adviser=adviser, actor=actor, now=clock.now())


def test_a_post_is_filled_and_vacated(deal):
    contract, people, adviser, post = deal
    _fill(post, adviser, people.bidder)
    post.refresh_from_db()
    assert (post.state, post.adviser, post.adviser_since) == ("filled", adviser, clock.today())
    assert list(selectors.vacant_posts(contract)) == list(contract.posts.exclude(pk=post.pk))
    assert selectors.adviser_of(post.region) == adviser
    with pytest.raises(IllegalTransition):
        _fill(post, make_practitioner(people.supplier), people.bidder)
    with pytest.raises(errors.FindingsMissing):
        services.vacate_post(post=post, actor=people.bidder, reason="", now=clock.now())
    services.vacate_post(post=post, actor=people.bidder, reason="调离", now=clock.now())
    post.refresh_from_db()
    assert (post.state, post.adviser, post.adviser_since) == ("vacant", None, None)
    assert selectors.adviser_of(post.region) is None
    left = Event.objects.get(action="post.vacate")
    assert (left.data["adviser"], left.reason) == (adviser.pk, "调离")


def test_service_begins_with_the_term_not_before():
    later = clock.today() + timedelta(days=40)
    contract = make_contract(starts_on=later, ends_on=later + timedelta(days=300))
    people = parties_of(contract)
    adviser = make_practitioner(people.supplier)
    post = _fill(contract.posts.first(), adviser, people.officer)
    assert post.adviser_since == later
    assert selectors.adviser_of(post.region_id) is None  # not yet


def test_who_may_fill(deal):
    _contract, people, adviser, post = deal
    lawyer = make_member(Role.LAWYER, people.supplier)
    for person in (people.approver, people.finance, lawyer, make_member(Role.BIDDER), make_member(Role.OFFICER)):
        with pytest.raises(PermissionRefused):
            _fill(post, adviser, person)
    post.refresh_from_db()
    assert post.state == "vacant"
    assert _fill(post, adviser, adviser).adviser == adviser  # staffing asks, the adviser accepts


def test_who_may_not_serve(deal):
    _contract, people, adviser, post = deal
    nobody = make_practitioner(people.supplier, licensed=False)
    with pytest.raises(errors.NoCredential):
        _fill(post, nobody, people.bidder)
    make_credential(nobody, verified=False)
    with pytest.raises(errors.NoCredential):
        _fill(post, nobody, people.bidder)
    make_credential(nobody, kind="mediator")
    with pytest.raises(errors.NoCredential):
        _fill(post, nobody, people.bidder)
    elsewhere = make_practitioner()
    with pytest.raises(errors.NotAPractitioner):
        _fill(post, elsewhere, people.bidder)
    clerk = make_member(Role.BIDDER, people.supplier)
    make_credential(clerk)
    with pytest.raises(errors.NotAPractitioner):
        _fill(post, clerk, people.bidder)
    gone = make_practitioner(people.supplier)
    Membership.objects.filter(user=gone).update(valid_to=clock.today() - timedelta(days=1))
    with pytest.raises(errors.NotAPractitioner):
        _fill(post, gone, people.bidder)
    Sanction.objects.create(
        user=adviser,
        reason="停止执业",
        basis="律师法",
        valid_from=clock.today(),
        decided_by=make_user(),
        decided_at=clock.now(),
    )
    with pytest.raises(errors.AdviserSanctioned):
        _fill(post, adviser, people.bidder)
    post.refresh_from_db()
    assert (post.state, post.adviser) == ("vacant", None)


def test_a_licence_must_hold_when_service_begins(deal):
    contract, people, adviser, _post = deal
    later = clock.today() + timedelta(days=200)
    other = make_contract(people, starts_on=later, ends_on=later + timedelta(days=10))
    Credential.objects.filter(user=adviser).update(valid_until=later - timedelta(days=1))
    with pytest.raises(errors.NoCredential):
        _fill(other.posts.first(), adviser, people.bidder)
    assert _fill(contract.posts.first(), adviser, people.bidder).adviser == adviser


def test_nobody_serves_more_villages_than_the_standard_allows():
    people = make_parties()
    first = make_contract(people, villages=3)
    second = make_contract(people, villages=3)
    adviser = make_practitioner(people.supplier)
    posts = [*first.posts.order_by("pk"), *second.posts.order_by("pk")]
    for post in posts[:5]:
        _fill(post, adviser, people.bidder)
    with pytest.raises(errors.TooManyVillages) as refused:
        _fill(posts[5], adviser, people.bidder)
    assert "5" in str(refused.value)
    services.vacate_post(post=posts[0], actor=adviser, reason="路远", now=clock.now())
    _fill(posts[5], adviser, people.bidder)


def test_no_post_of_a_contract_that_is_not_in_performance():
    contract = make_contract()
    people = parties_of(contract)
    post = contract.posts.first()
    services.terminate_contract(actor=people.approver, contract=contract, reason="违约", now=clock.now())
    with pytest.raises(errors.NotInPerformance):
        _fill(post, make_practitioner(people.supplier), people.bidder)


@pytest.mark.django_db(transaction=True)
def test_many_fillings_at_once_keep_the_limit_and_one_adviser_a_post():
    people = make_parties()
    contract = make_contract(people, villages=8)
    adviser = make_practitioner(people.supplier)
    posts = list(contract.posts.order_by("pk"))
    calls: list[Callable[[], object]] = [lambda p=p: _fill(p, adviser, people.bidder) for p in posts]
    found = at_once(calls)
    assert found == {"done": 5, "too_many_villages": 3}
    assert contract.posts.filter(adviser=adviser).count() == 5
    vacant = selectors.vacant_posts(contract).first()
    rivals = [make_practitioner(people.supplier) for _n in range(6)]
    found = at_once([lambda r=r: _fill(vacant, r, people.bidder) for r in rivals])
    assert found == {"done": 1, "illegal_transition": 5}
    connections.close_all()


def test_an_adviser_records_visits_to_his_posts_only(deal):
    _contract, people, adviser, post = deal
    _fill(post, adviser, people.bidder)
    voice = make_village_voice(post)
    [subject] = [s for s in subjects_of(adviser, clock.now()) if s.kind == "contracts.post"]
    assert (subject.id, subject.region, subject.capacity) == (post.pk, post.region, "contract")
    assert subject.host == voice.memberships.get().organisation
    assert subject.session_kinds == ("on_site", "lecture", "remote")
    assert not [s for s in subjects_of(people.bidder, clock.now()) if s.kind == "contracts.post"]


# The village's word


def test_a_village_rates_its_quarter_and_may_say_it_again(at):
    now = at(datetime(2026, 5, 20, 10))
    contract = make_contract(starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), filled=1)
    post = contract.posts.get(state="filled")
    voice = make_village_voice(post)
    services.rate_post(actor=voice, post=post, quarter="2026-Q2", stars=4, comment="讲得明白", now=now)
    services.rate_post(actor=voice, post=post, quarter="2026-Q2", stars=5, comment="讲得明白", now=now)
    services.rate_post(actor=voice, post=post, stars=3, quarter="2026-Q1", now=now)
    assert list(VillageRating.objects.order_by("quarter").values_list("quarter", "stars")) == [
        ("2026-Q1", 3),
        ("2026-Q2", 5),
    ]
    for quarter in ("2025-Q4", "2026-Q3", "nonsense"):
        with pytest.raises(errors.RatingNotPossible):
            services.rate_post(actor=voice, post=post, stars=5, quarter=quarter, now=now)
    for stars in (0, 6):
        with pytest.raises(InvalidInput):
            services.rate_post(actor=voice, post=post, quarter="2026-Q2", stars=stars, now=now)


def test_who_may_not_rate():
    contract = make_contract(filled=1)
    people = parties_of(contract)
    post = contract.posts.get(state="filled")
    neighbour = make_village_voice(contract.posts.exclude(pk=post.pk).first())
    committee = make_village_voice(post).memberships.get().organisation
    clerk = make_member(Role.COORDINATOR, committee)
    make_membership(post.adviser, committee, Role.VILLAGE)
    [quarter, *_] = quarters_to_rate(post, clock.today())
    for person in (neighbour, clerk, post.adviser, people.officer, people.bidder):
        with pytest.raises(PermissionRefused):
            services.rate_post(actor=person, post=post, quarter=quarter, stars=5, now=clock.now())
    assert not VillageRating.objects.exists()


def test_what_was_served_before_an_early_end_is_rated_and_nothing_after_it(at):
    """The last period is delivered, accepted and paid as usual: whom it served is heard."""
    now = at(datetime(2026, 5, 20, 10))
    contract = make_contract(starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), filled=1)
    post = contract.posts.get(state="filled")
    voice = make_village_voice(post)
    services.terminate_contract(actor=parties_of(contract).approver, contract=contract, reason="违约", now=now)
    assert services.rate_post(actor=voice, post=post, quarter="2026-Q2", stars=2, now=now).quarter == "2026-Q2"
    later = at(datetime(2026, 8, 20, 10))
    assert services.rate_post(actor=voice, post=post, stars=3, quarter="2026-Q2", now=later).stars == 3
    with pytest.raises(errors.RatingNotPossible):
        services.rate_post(actor=voice, post=post, stars=5, quarter="2026-Q3", now=later)


@pytest.mark.parametrize(
    ("on", "rated", "asked"),
    [
        (date(2026, 2, 14), (), None),  # nothing is over
        (date(2026, 3, 31), (), None),
        (date(2026, 4, 1), (), "2026-Q1"),
        (date(2026, 6, 30), (), "2026-Q1"),
        (date(2026, 4, 1), ("2026-Q1",), None),
        (date(2026, 7, 1), (), "2026-Q2"),  # the first quarter is too old
        (date(2026, 11, 15), ("2026-Q3",), None),  # the last day of the post
        (date(2026, 11, 16), ("2026-Q3",), "2026-Q4"),
        (date(2027, 2, 1), (), "2026-Q4"),
        (date(2027, 4, 1), (), None),
    ],
)
def test_a_village_is_asked_for_the_quarter_that_is_over(on, rated, asked):
    post = Post(starts_on=date(2026, 1, 1), ends_on=date(2026, 11, 15))
    assert quarter_asked(post, on, rated) == asked


@pytest.mark.parametrize(
    ("language", "name", "words"),
    [
        ("en", "2026-Q3", "July to September 2026"),
        ("en", "2027-Q1", "January to March 2027"),
        ("zh-hans", "2026-Q3", "2026 年 7 月至 9 月"),
    ],
)
def test_a_quarter_is_said_by_its_months(language, name, words):
    with translation.override(language):
        assert quarter_words(name) == words


def test_only_what_somebody_else_decided_is_a_taking_away():
    contract = make_contract(villages=4, filled=3)
    people = parties_of(contract)
    by_buyer, by_firm, alone = contract.posts.filter(state="filled").order_by("pk").select_related("adviser")
    gone = {post.pk: post.adviser for post in (by_buyer, by_firm, alone)}
    for post, actor in ((by_buyer, people.officer), (by_firm, people.bidder), (alone, alone.adviser)):
        services.vacate_post(post=post, actor=actor, reason="示例", now=clock.now())
    assert selectors.taken_from([contract]) == {(post.pk, gone[post.pk].pk) for post in (by_buyer, by_firm)}
    # Named again, and gone by himself this time.
    _fill(by_buyer, gone[by_buyer.pk], people.officer)
    services.vacate_post(post=by_buyer, actor=gone[by_buyer.pk], reason="路远", now=clock.now())
    _fill(alone, gone[by_buyer.pk], people.officer)
    services.terminate_contract(actor=people.approver, contract=contract, reason="违约", now=clock.now())
    assert selectors.taken_from([contract]) == {(by_firm.pk, gone[by_firm.pk].pk)}
    assert selectors.taken_from([make_contract()]) == set()
