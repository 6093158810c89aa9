"""The main job, walked through the pages by everybody whose work it is: from a budget line to a paid, honoured hour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Page

from marketplace.accounts.models import OrganisationKind, Role, User
from marketplace.contracts.models import Contract, Post
from marketplace.core import clock
from marketplace.core.i18n import localized
from marketplace.procurement.models import Award, Evaluator, Notice, OpenedBid, Plan, Tender
from marketplace.procurement.selectors_evaluation import scored_criteria
from marketplace.regions.models import Region
from marketplace.staffing import tasks
from marketplace.staffing.models import Assignment
from marketplace.timesheets import services as timesheets
from marketplace.timesheets.models import ServiceSession
from tests.factories.accounts import PASSWORD, make_member, make_organisation, make_practitioner, make_user
from tests.factories.catalog import make_product
from tests.factories.evaluation import make_expert
from tests.factories.incentives import make_policy
from tests.factories.procurement import PASSPHRASE, Bureau, make_bureau, make_supplier
from tests.factories.regions import load_leishan
from tests.factories.regions import village as leishan_village
from tests.journeys.actors import Actor, Stage, WallClock

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

# Not accounts: the people of this test stand in the tables without the record of how they came there.
CHECKS = (
    "ledger", "procurement", "contracts", "timesheets", "incentives", "volunteers", "staffing", "audit",
)  # fmt: skip
OFFICIAL = "https://ccgp.example/notice/2026-031"


@dataclass
class World:
    """Who takes part, and what has come of it so far."""

    stage: Stage
    clock: WallClock
    bureau: Bureau
    firms: list[tuple[Any, User]]
    lawyers: list[User]
    villages: list[Region]
    voices: dict[int, User]
    tender: Tender = field(init=False)

    def window(self, user: User | None = None, **kw: Any) -> Actor:
        return self.stage.window(user, **kw)

    def voice(self, village: Region) -> Actor:
        return self.window(self.voices[village.pk], phone=True)

    @property
    def contract(self) -> Contract:
        return Contract.objects.get(award__lot__tender=self.tender)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch, settings: Any) -> WallClock:
    """A clock that the server's threads see too; nobody is asked for a second factor."""
    settings.MFA_REQUIRED = False
    wall = WallClock()
    monkeypatch.setattr(clock, "_rehearsed", wall)
    return wall


@pytest.fixture
def world(wall: WallClock, open_browser: Callable[..., Page], live_server: Any) -> World:
    """A county with its catalogue, people and an incentive policy; nothing is bought yet."""
    wall.travel(datetime(2026, 1, 12, 9))
    county = load_leishan()
    make_product("PLS-01")
    make_policy(region=county)
    for _ in range(4):
        make_expert()
    firms = [make_supplier(name=f"示例{name}律师事务所", region=county) for name in ("山泉", "云岭", "清江")]
    places = [leishan_village(n) for n in (20, 21, 22)]
    voices = {}
    for place in places:
        committee = make_organisation(OrganisationKind.VILLAGE, name=f"示例{place.name}村民委员会", region=place)
        voices[place.pk] = make_member(Role.VILLAGE, committee)
    lawyers = [make_practitioner(firms[0][0]) for _ in range(2)]
    return World(Stage(open_browser, live_server.url), wall, make_bureau(), firms, lawyers, places, voices)


def test_the_main_job(world: World, settings: Any) -> None:
    plan(world, settings)
    draw_up_and_publish(world)
    ask_and_answer(world)
    bid(world)
    open_the_bids(world)
    judge(world)
    award(world)
    sign(world)
    staff(world)
    serve(world)
    pay(world)
    volunteer(world)
    for name in CHECKS:
        call_command(f"check_{name}")


def plan(world: World, settings: Any) -> None:
    """Finance opens a budget line; the officer, who signs in by the form, plans; the approver approves."""
    finance = world.window(world.bureau.finance).go("/procurement/budget/new/")
    finance.fill(fiscal_year=2026, code="2040605-001", name="公共法律服务", appropriated_0="60000")
    finance.press("Record the budget line").sees("2040605-001", "¥60,000")

    officer = world.window()
    world.stage.windows[world.bureau.officer] = world.stage.windows.pop(None)
    officer.go("/procurement/plans/new/")
    officer.fill(login=world.bureau.officer.username, password=PASSWORD).press("Sign in")
    officer.fill(title="2026 年村（社区）法律顾问服务", title_en="Village legal advisers 2026", amount_0="30000")
    line = officer.page.locator("[name=budget_line] option", has_text="2040605-001")
    product = officer.page.locator("[name=product] option:not([value=''])")
    officer.fill(budget_line=line.get_attribute("value"), product=product.get_attribute("value"))
    officer.fill(method="consultation", method_reason="政府购买服务项目（财库〔2014〕214号第三条）。")
    officer.fill(need="经入户走访，三个村都没有可以随时咨询的法律顾问。")
    officer.fill(service_from="2026-04-01", service_to="2026-12-31")
    officer.press("Save the draft").press("Submit for approval").sees("Waiting for the approving officer")

    path = f"/procurement/plans/{Plan.objects.get().pk}/"
    approver = world.window(world.bureau.approver).go(path)
    settings.MFA_REQUIRED = True
    approver.press("Approve", sure=True)
    assert "/2fa/" in approver.page.url
    settings.MFA_REQUIRED = False
    approver.go(path).press("Approve", sure=True).sees("Approved. The officer can draw up the tender.")


def draw_up_and_publish(world: World) -> None:
    """One lot of three villages; a second officer approves; published with the official medium's date."""
    officer, approver = world.window(world.bureau.officer), world.window(world.bureau.approver)
    officer.go(f"/procurement/plans/{Plan.objects.get().pk}/").press("Draw up a tender")
    world.tender = Tender.objects.get()
    officer.follow("Add a lot").fill(title="三个村的法律顾问", title_en="Three villages", ceiling_0="30000")
    for village in world.villages:
        box = officer.page.locator(f'[name=villages][value="{village.pk}"]')
        # The county's fold, then the township's.
        for fold in officer.page.locator("details", has=box).all():
            if fold.get_attribute("open") is None:
                fold.locator("> summary").click()
        box.check()
    officer.press("Save the lot").follow("Criteria")
    officer.press("Save the criteria").fill(description="为三个村各聘请一名法律顾问，按季度验收付款。", key_threshold=2)
    officer.press("Save the texts").press("Submit for approval")

    world.clock.travel(datetime(2026, 1, 14, 9))
    approver.go(f"/procurement/{world.tender.pk}/").follow("Read and decide").press("Approve", sure=True)

    world.clock.travel(datetime(2026, 1, 15, 9))
    officer.go(f"/procurement/{world.tender.pk}/").follow("Publish")
    officer.fill(official_published_at="2026-01-15T08:30", official_url=OFFICIAL)
    officer.press("Publish, reserve the budget, make the key", sure=True).sees("Every date and its reason")
    world.tender.refresh_from_db()
    assert world.tender.state == "published"
    assert world.tender.official_url == OFFICIAL
    world.window(world.bureau.finance).go("/procurement/budget/").sees("¥30,000")


def ask_and_answer(world: World) -> None:
    """A firm asks, the officer answers, everybody reads it without the firm's name."""
    path = f"/procurement/{world.tender.pk}/"
    firm, officer = world.window(world.firms[1][1], language="en"), world.window(world.bureau.officer)
    world.clock.travel(datetime(2026, 1, 16, 10))
    firm.go(path).fill(text="一名律师可以同时服务两个村吗？").press("Ask the buyer").sees("Waiting for an answer.")
    street = world.window(phone=True).go(path).sees_not("一名律师可以同时服务两个村吗？")

    question = world.tender.questions.get()
    officer.go(path).fill(**{f"q{question.pk}-answer": "可以，每名顾问最多服务五个村。"}).press("Publish the answer")
    street.go(path).sees("一名律师可以同时服务两个村吗？", "可以，每名顾问最多服务五个村。")
    street.sees_not(world.firms[1][0].name)


def bid(world: World) -> None:
    """Three firms bid under seal and get their receipts; the buyer sees nothing of it."""
    world.clock.travel(datetime(2026, 1, 20, 10))
    for (supplier, bidder), price in zip(world.firms, (27_000, 28_500, 29_400), strict=True):
        firm = world.window(bidder, language="en")
        firm.go(f"/procurement/{world.tender.pk}/").follow("Prepare a bid").follow("Prepare a bid")
        firm.fill(price_0=price, legal_representative="张示例", contact_name="李示例", contact_phone="0855-0000000")
        firm.fill(team="王示例, 15226201510000001, 在乡镇司法所值班五年")
        for answer in firm.page.locator("textarea[name^=response_]").all():
            answer.fill("按月排定到村时间，逐村建立台账，请假有人替补。")
        firm.press("Next: check").sees(f"¥{price:,}", "王示例")
        firm.press("Seal and submit").sees("Received and sealed. This is your receipt: keep it.")
        firm.sees(supplier.name_en, "SEALED")
    officer = world.window(world.bureau.officer).go(f"/procurement/{world.tender.pk}/opening/")
    officer.sees("nobody knows before the opening").sees_not(*[supplier.name for supplier, _ in world.firms])


def open_the_bids(world: World) -> None:
    """After the deadline two of three key-holders come together; the officer opens and checks the bids."""
    assert world.tender.bid_deadline is not None
    world.clock.travel(world.tender.bid_deadline + timedelta(minutes=30))
    path = f"/procurement/{world.tender.pk}/opening/"
    officer = world.window(world.bureau.officer).go(path).sees("Waiting for key shares")
    for holder in world.bureau.holders[:2]:
        world.window(holder).go(path).fill(passphrase=PASSPHRASE).press("Release").sees("released")
    officer.go(path).press("Open all {bids}", sure=True).sees(*[supplier.name for supplier, _ in world.firms])

    for opened in OpenedBid.objects.all():
        officer.go(f"/procurement/{world.tender.pk}/check/")
        officer.fill(**{f"b{opened.pk}-verdict": "yes"}).press("Save the finding", within=f"#bid-{opened.pk}")
    assert OpenedBid.objects.filter(qualified=True).count() == 3


def judge(world: World) -> None:
    """A panel is drawn; each member declares, scores alone, hands in; the ranking is computed."""
    world.clock.travel(clock.now() + timedelta(days=1))
    officer = world.window(world.bureau.officer).go(f"/procurement/{world.tender.pk}/panel/")
    officer.press("Draw the {panel}", sure=True)
    shares = {firm.pk: share for (firm, _), share in zip(world.firms, ("0.9", "0.8", "0.7"), strict=True)}
    for seat in Evaluator.objects.select_related("user"):
        member = world.window(seat.user).go("/procurement/judging/").go(f"/procurement/{world.tender.pk}/judge/")
        member.sees(*[supplier.name for supplier, _ in world.firms]).sees_not("¥27,000")
        member.fill(free=True, alone=True).press("Declare and see the {bids}").follow("Score this lot")
        for opened in OpenedBid.objects.select_related("bid"):
            for criterion in scored_criteria(world.tender.lots.get()):
                points = criterion.points * Decimal(shares[opened.bid.supplier_id])
                member.fill(**{f"p_{opened.pk}_{criterion.pk}": f"{points:.2f}"})
        member.press("Save").follow("Overview and submit").press("Submit my points", sure=True)
    assert Evaluator.objects.filter(state="submitted").count() == 3
    officer.go(f"/procurement/{world.tender.pk}/results/").press("Compute the ranking", sure=True)
    officer.sees("92.00")  # 80 × 0.9 and all 20 points for the lowest price


def award(world: World) -> None:
    """The approver decides; the notice tells everybody who won and why, the loser reads its own letter."""
    winner = world.firms[0][0]
    approver = world.window(world.bureau.approver).go(f"/procurement/{world.tender.pk}/").follow("Decide the {winner}")
    approver.sees(winner.name, "¥27,000").fill(confirm=True)
    approver.press("Award and publish the result", sure=True)

    decided = Award.objects.get()
    assert decided.bid.supplier == winner
    notice = Notice.objects.get(tender=world.tender, kind="result")
    street = world.window().go(f"/procurement/{world.tender.pk}/notices/{notice.pk}/")
    street.sees(winner.name, "¥27,000", decided.reasons, "92.00")
    loser = world.window(world.firms[1][1]).go(f"/procurement/{world.tender.pk}/").follow("Your letter for lot 1")
    loser.sees(world.firms[1][0].name_en)


def sign(world: World) -> None:
    """The officer draws the contract up, the firm signs, then the approver for the buyer."""
    world.clock.travel(clock.now() + timedelta(days=2))
    world.window(world.bureau.officer).go(f"/contracts/draft/{Award.objects.get().pk}/").press("Draw up the contract")
    path = f"/contracts/{world.contract.pk}/"
    for signer, label in (
        (world.firms[0][1], "Sign for the supplier"),
        (world.bureau.approver, "Sign for the buyer"),
    ):
        world.window(signer).go(path).follow(label).fill(read=True).press("Sign", sure=True)
    world.window().go(path).sees(world.firms[0][0].name, *[village.name for village in world.villages])
    assert world.contract.state == "active"


def staff(world: World) -> None:
    """The firm has the plan computed and sends it; the lawyers see why and accept on the phone."""
    world.clock.travel(datetime(2026, 4, 1, 9))
    bidder = world.window(world.firms[0][1]).go(f"/staffing/contracts/{world.contract.pk}/")
    bidder.press("Compute the plan")
    run = world.contract.runs.get()
    tasks.execute(run.pk)
    names = [localized(village, "name", bidder.language) for village in world.villages]
    # The page asks every second and loads itself anew when the plan is there.
    bidder.sees("No better plan exists", *names).go(f"/staffing/runs/{run.pk}/")
    bidder.follow("Send the proposals").press("Send them now")

    for lawyer in User.objects.filter(pk__in=Assignment.objects.values("person")):
        phone = world.window(lawyer, phone=True)
        for assignment in Assignment.objects.filter(person=lawyer).select_related("post__region"):
            village = localized(assignment.post.region, "name", phone.language)
            phone.go("/staffing/proposals/").sees(village)
            phone.go(f"/staffing/assignments/{assignment.pk}/").sees("How it is calculated", "Nothing else counted")
            phone.press("Accept").sees(village)
    assert world.contract.posts.filter(state="filled").count() == 3
    post = world.contract.posts.select_related("adviser").get(region=world.villages[0])
    assert post.adviser is not None
    street = world.window().go(f"/staffing/villages/{post.region_id}/")
    street.sees(str(post.adviser) if street.language == "zh-hans" else post.adviser.display_name_en)


def serve(world: World) -> None:
    """A lawyer reports a visit on the phone and the village confirms it; the quarter's other visits follow likewise."""
    post = world.contract.posts.select_related("adviser", "region").get(region=world.villages[0])
    assert post.adviser is not None
    world.clock.travel(datetime(2026, 4, 8, 18))
    lawyer = world.window(post.adviser, phone=True).go("/visits/")
    lawyer.go(f"/visits/record/contracts.post/{post.pk}/")
    lawyer.fill(kind="on_site", start="2026-04-08T09:00", end="2026-04-08T13:00", people_served=6)
    lawyer.fill(summary="土地承包和邻里纠纷咨询。").press("Report")
    session = ServiceSession.objects.get()

    village = world.voice(post.region).go("/visits/confirm/").sees(post.adviser.display_name)
    village.go(f"/visits/{session.pk}/").sees("土地承包和邻里纠纷咨询。").press("Yes, it was so").sees(
        "Confirmed. Thank you."
    )
    session.refresh_from_db()
    assert (session.state, session.decided_minutes) == ("confirmed", 240)

    for order, each in enumerate(world.contract.posts.select_related("adviser", "region").order_by("region")):
        for month in (4, 5, 6):
            if (each, month) != (post, 4):
                visit(world, each, datetime(2026, month, 8 + order, 9), 240)
        visit(world, each, datetime(2026, 6, 15 + order, 9), 60, "lecture")


def visit(world: World, post: Post, start: datetime, minutes: int, kind: str = "on_site") -> None:
    assert post.adviser is not None
    begin = timezone.make_aware(start)
    now = world.clock.travel(begin + timedelta(hours=8))
    voice = world.voices[post.region_id]
    session = timesheets.report_session(
        actor=post.adviser,
        capacity="contract",
        kind=kind,
        region=post.region,
        host=voice.memberships.get().organisation,
        subject_kind="contracts.post",
        subject_id=post.pk,
        start=begin,
        end=begin + timedelta(minutes=minutes),
        summary="接待咨询。",
        now=now,
    )
    timesheets.confirm_session(actor=voice, session=session, now=now)


def pay(world: World) -> None:
    """The quarter is over: the firm hands it over, the bureau accepts, finance pays."""
    world.clock.travel(datetime(2026, 7, 6, 10))
    instalment = world.contract.instalments.get(number=1)
    path = f"/contracts/instalments/{instalment.pk}/"
    world.window(world.firms[0][1]).go(f"/contracts/{world.contract.pk}/").follow("Hand it over").press(
        "Hand over", sure=True
    )
    officer = world.window(world.bureau.officer).go(path)
    officer.page.locator("#accept [name=note]").fill("走访三个村，群众满意。")
    officer.press("Accept the delivery", sure=True)
    world.window(world.bureau.finance).go(path).follow("Pay")
    finance = world.window(world.bureau.finance)
    finance.page.locator("[name=voucher]").fill("演示 2026-0706")
    with finance.page.expect_navigation():
        finance.page.get_by_role("main").locator("form button").click()
        finance.page.locator("#confirm [data-sure]").click()
    finance.sees("Recorded. It is shown in the ledger and on the contract's page.", "¥9,000")
    instalment.refresh_from_db()
    assert (instalment.state, instalment.payable.amount) == ("paid", Decimal(9_000))


def volunteer(world: World) -> None:
    """A coordinator calls, a volunteer joins and comes, the village confirms, minutes and points stand in the statement."""
    village = world.villages[1]
    coordinator = world.window(make_member(Role.COORDINATOR, world.bureau.organisation)).go(
        "/volunteering/organised/new/"
    )
    host = world.voices[village.pk].memberships.get().organisation
    coordinator.fill(
        host=host.pk,
        kind="duty",
        title="赶集日法律咨询",
        region=village.pk,
        description="在村口接待咨询。",
        meeting_point="村口凉亭",
        contact_phone="0855-0000000",
    )
    coordinator.fill(
        **{"shifts-0-starts_at": "2026-07-11T09:00", "shifts-0-ends_at": "2026-07-11T12:00", "shifts-0-places": 2}
    )
    coordinator.press("Save the draft").press("Open to everybody")

    person = make_user(display_name="杨示例", display_name_en="Yang (sample)")
    phone = world.window(person, phone=True).go("/volunteering/join/")
    phone.fill(region=world.villages[0].pk, languages=["cmn", "hmu"], consent=True).press("Join")
    phone.follow("赶集日法律咨询").press("I will come").sees("The place is yours. You find it under My shifts.")

    world.clock.travel(datetime(2026, 7, 11, 13))
    phone.go("/volunteering/mine/").follow("Record my time")
    phone.fill(summary="为六位村民读信、指路。", people_served=6).press("Report")
    session = ServiceSession.objects.get(person=person)
    world.voice(village).go("/visits/confirm/").go(f"/visits/{session.pk}/").press("Yes, it was so")
    coordinator.go(coordinator.page.url).press("came")

    phone.go(f"/ledger/?account=person:{person.pk}:minutes").sees("3 小时")
    phone.go(f"/ledger/?account=person:{person.pk}:points").sees(
        "108"
    )  # 180 minutes × 0.5 × 1.20, a formerly poor county
