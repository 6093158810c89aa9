"""What kind of posts a contract has, and that a post which is no village is never spoken of as one."""

import re

import pytest
from django.urls import reverse

from marketplace.accounts.models import PractitionerProfile
from marketplace.accounts.picking import proposal
from marketplace.contracts.kinds import PostKind, kind_of, kinds_of
from marketplace.core import clock
from marketplace.staffing import errors, services, services_proposals, services_repair, services_scenarios
from marketplace.staffing.models import Assignment
from marketplace.staffing.workspace import work_items
from tests.factories.contracts import make_contract, parties_of
from tests.factories.rosters import make_duty_contract
from tests.factories.staffing import a_lawyer
from tests.factories.teams import make_team

pytestmark = pytest.mark.django_db

VILLAGE = re.compile("[Vv]illage|村")


@pytest.fixture
def hotline():
    """A contract for two hotline seats."""
    contract = make_duty_contract(product="PLS-04")
    contract.title, contract.title_en = "热线值守 · 示例标段", "Hotline seats"
    contract.save(update_fields=["title", "title_en"])
    return contract


def body(response):
    assert response.status_code == 200, response
    main = re.search("<main.*</main>", response.content.decode(), re.DOTALL)
    assert main is not None
    # Addresses name villages whatever is served.
    return re.sub('(href|action)="[^"]*"', "", main[0])


def computed(contract, **wishes):
    run = services.request_run(actor=parties_of(contract).bidder, contract=contract, parameters=wishes, now=clock.now())
    return services.execute_run(run_id=run.pk, now=clock.now())


def published(contract):
    return services_proposals.publish_run(actor=parties_of(contract).officer, run=computed(contract), now=clock.now())


def test_the_product_says_what_the_posts_are_not_how_many_there_are(hotline, django_assert_num_queries):
    team, window, villages = make_team().contract, make_duty_contract(), make_contract()
    assert hotline.posts.count() == 2
    with django_assert_num_queries(1):
        found = kinds_of({each.pk for each in (hotline, team, window, villages)})
    assert found == {
        hotline.pk: PostKind.PLACE,
        team.pk: PostKind.TEAM,
        window.pk: PostKind.PLACE,
        villages.pk: PostKind.VILLAGE,
    }
    assert kind_of(hotline) == PostKind.PLACE


def test_two_seats_of_a_hotline_are_dealt_as_posts_to_two_people(hotline):
    """Nobody holds two of them, and who refused one is not asked for the other."""
    firm = parties_of(hotline).supplier
    near, far = a_lawyer(firm, 0.01, capacity=5), a_lawyer(firm, 0.2, capacity=5)
    run = published(hotline)
    assert run.shape == "posts"
    asked = {each.person: each for each in run.assignments.all()}
    assert set(asked) == {near, far}
    services_proposals.accept_assignment(actor=near, assignment=asked[near], now=clock.now())
    services_proposals.decline_assignment(actor=far, assignment=asked[far], reason="路远", now=clock.now())
    repair = services_repair.request_repair(actor=parties_of(hotline).officer, run=run, now=clock.now())
    repair = services.execute_run(run_id=repair.pk, now=clock.now())
    assert not repair.assignments.exists()
    bars = {each["person"]: each["bars"] for each in repair.empty_posts.get().reason["barred"]}
    assert bars == {near.pk: ["no_capacity"], far.pk: ["declined"]}


#: what lawyers serve besides, and what a lawyer's own page says of what may come
MAY_BE_SAID = re.compile("the villages that this lawyer serves besides|该律师另外服务的村|villages near you|您附近的村")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_no_page_calls_a_post_a_village(client_for, hotline, language):
    people = parties_of(hotline)
    near, far, beyond = (a_lawyer(people.supplier, east) for east in (0.01, 0.2, 0.3))
    officer = client_for(people.officer, language=language)

    def read(client, name, key, **asked):
        seen = MAY_BE_SAID.sub("", body(client.get(reverse(f"staffing:{name}", args=[key] if key else []), asked)))
        assert not VILLAGE.search(seen), (name, seen[VILLAGE.search(seen).start() - 200 :][:300])
        return seen

    def told(user):
        return [item.title for item in work_items(user, clock.now())]

    assert not any(map(VILLAGE.search, told(people.officer)))
    numbered = {"en": " · seat 2", "zh-hans": " · 第 2 席"}[language]
    _head, *seats = re.findall("<tr><th>(.*?)</th>", read(officer, "vacant", None))
    assert seats == [seats[0], seats[0] + numbered]
    file = officer.get(reverse("staffing:vacant_csv"))
    assert "vacant-posts.csv" in file["Content-Disposition"]
    file = b"".join(file.streaming_content).decode()
    assert not VILLAGE.search(file.splitlines()[0])
    assert numbered in file
    run = computed(hotline, languages=["hmu"], wanted=["land"])
    for name, key in (("contract", hotline.pk), ("run", run.pk), ("publish", run.pk), ("why_not", run.pk)):
        read(officer, name, key)
    read(officer, "why_not", run.pk, person=proposal(beyond))
    # Which of the posts one asks about is not asked: whoever was chosen for any of them was chosen.
    for chosen in (near, far):
        seen = read(officer, "why_not", run.pk, person=proposal(chosen))
        assert {"en": "is the one whom the plan chose", "zh-hans": "方案选中的正是这位律师"}[language] in seen
    services_proposals.publish_run(actor=people.officer, run=run, now=clock.now())
    first, second = Assignment.objects.filter(run=run).order_by("pk")
    lawyer = client_for(first.person, language=language)
    assert not any(map(VILLAGE.search, told(first.person)))
    read(lawyer, "proposals", None)
    for name in ("assignment", "decline"):
        read(lawyer, name, first.pk)
    for name in ("assignment", "withdraw"):
        read(officer, name, first.pk)
    lawyer.post(reverse("staffing:decline", args=[first.pk]), {"reason": "路远"})
    read(lawyer, "proposals", None)
    colleague = client_for(second.person, language=language)
    colleague.post(reverse("staffing:accept", args=[second.pk]))
    assert hotline.title in (seen := read(colleague, "proposals", None)) or hotline.title_en in seen
    read(officer, "contract", hotline.pk)
    read(officer, "run", run.pk)
    # Nobody else is ready to come: the repair leaves the post empty.
    PractitionerProfile.objects.filter(user=beyond).update(open_to_posts=False)
    repair = services_repair.request_repair(actor=people.officer, run=run, now=clock.now())
    services.execute_run(run_id=repair.pk, now=clock.now())
    read(officer, "run", repair.pk)
    [post] = repair.empty_posts.values_list("post", flat=True)
    empty = officer.get(reverse("staffing:empty", args=[repair.pk, post]))
    assert not VILLAGE.search(body(empty))


def test_what_only_villages_have_is_not_offered_for_posts(client_for, hotline):
    people = parties_of(hotline)
    a_lawyer(people.supplier, 0.01)
    run = published(hotline)
    officer = client_for(people.officer)
    for name in ("fairness", "what_if"):
        assert officer.get(reverse(f"staffing:{name}", args=[run.pk])).status_code == 404
    with pytest.raises(errors.NoScenarios):
        services_scenarios.request_scenario(
            actor=people.officer, run=run, name="示例", changes=[{"kind": "radius"}], now=clock.now()
        )
