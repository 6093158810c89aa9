"""One purchase, from the plan to as far as its story goes, step by step through the services."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import override

from catalog.pages import ServicePage
from marketplace.accounts.models import CredentialKind, User
from marketplace.core import clock
from marketplace.core.mail import LANGUAGES
from marketplace.core.units import yuan
from marketplace.procurement import (
    services_award,
    services_bidding,
    services_evaluation,
    services_failing,
    services_opening,
    services_panel,
    services_plan,
    services_tender,
)
from marketplace.procurement.bid_content import BidContent, Response, TeamMember
from marketplace.procurement.defaults import default_qualification
from marketplace.procurement.models import BudgetLine, Criterion, CriterionKind, Evaluator, Lot, OpenedBid, Plan, Tender
from marketplace.procurement.selectors_evaluation import scored_criteria, valid_bids
from marketplace.regions.models import Region
from marketplace.statutes.services import earliest_bid_deadline

from .cast import OFFICE_PHONE, PASSPHRASE, Bureau, Firm
from .stage import Stage


@dataclass(frozen=True, slots=True)
class Scope:
    """A lot to be bought: its title, its ceiling in yuan, its villages (or the region it serves), units and seats."""

    title: str
    title_en: str
    ceiling: int
    regions: Sequence[Region]
    quantity: int | None = None
    seats: int | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a bureau means to buy."""

    product: str
    title: str
    title_en: str
    need: str
    need_en: str
    method: str
    method_reason: str
    service_from: date
    service_to: date
    lots: Sequence[Scope]

    @property
    def amount(self) -> int:
        return sum(lot.ceiling for lot in self.lots)


class Purchase:
    """Plays one purchase of ``bureau``. Days are told from today, so that a story reads as it happened; what the bureau
    does falls on working days."""

    def __init__(self, stage: Stage, bureau: Bureau, line: BudgetLine) -> None:
        self.stage, self.bureau, self.line = stage, bureau, line
        self.tender: Tender
        self._last: datetime | None = None

    def _act(self, day: int, hour: int = 10, minute: int = 0) -> AbstractContextManager[datetime]:
        """At that instant, or on the working day before it, after what was done before."""
        self._last = self.stage.working(day, hour, minute, after=self._last)
        return self.stage.then(self._last)

    # From the plan to the notice

    def plan(self, wish: Wish, *, day: int, approve: bool = True) -> Plan:
        with self._act(day) as now:
            plan = services_plan.draft_plan(
                actor=self.bureau.officer,
                organisation=self.bureau.organisation,
                budget_line=self.line,
                product=ServicePage.objects.get(code=wish.product),
                title=wish.title,
                title_en=wish.title_en,
                amount=yuan(wish.amount),
                method=wish.method,
                method_reason=wish.method_reason,
                need=wish.need,
                service_from=wish.service_from,
                service_to=wish.service_to,
                now=now,
            )
            plan = services_plan.submit_plan(actor=self.bureau.officer, plan=plan, now=now + timedelta(hours=1))
        if approve:
            with self._act(day + 1, 15) as now:
                plan = services_plan.approve_plan(actor=self.bureau.approver, plan=plan, now=now, note="同意。")
        return plan

    def draft(self, wish: Wish, plan: Plan, *, day: int, submit: bool = True) -> Tender:
        with self._act(day) as now:
            qualification, qualification_en = default_qualification(plan.product)
            texts = services_tender.TenderTexts(
                title=wish.title,
                description=wish.need,
                qualification=qualification,
                title_en=wish.title_en,
                description_en=wish.need_en,
                qualification_en=qualification_en,
            )
            tender = services_tender.draft_tender(actor=self.bureau.officer, plan=plan, texts=texts, now=now)
            for scope in wish.lots:
                services_tender.add_lot(
                    actor=self.bureau.officer,
                    tender=tender,
                    title=scope.title,
                    title_en=scope.title_en,
                    ceiling=yuan(scope.ceiling),
                    regions=scope.regions,
                    quantity=scope.quantity,
                    seats=scope.seats,
                    now=now,
                )
            self.tender = Tender.objects.get(pk=tender.pk)
            if submit:
                services_tender.submit_tender(
                    actor=self.bureau.officer, tender=self.tender, now=now + timedelta(hours=2)
                )
        return self.tender

    def publish(self, *, day: int, days_open: int) -> Tender:
        """Approved the day before; on the official medium in the morning; bids close ``days_open`` days later or as soon
        after as the law allows, on a working day at 17:00."""
        with self._act(day - 1, 16) as now:
            services_tender.approve_tender(actor=self.bureau.approver, tender=self.tender, now=now, note="同意发布。")
        with self._act(day, 9, 30) as now:
            official = now - timedelta(minutes=30)
            earliest = earliest_bid_deadline(self.tender.method, timezone.localdate(official))
            wanted = self.stage.at(day + days_open, 17)
            lawful = max(wanted, earliest.at)
            closes = timezone.localtime(lawful).replace(hour=17, minute=0, second=0, microsecond=0)
            if closes < lawful:
                closes += timedelta(days=1)
            closes = self.stage.working_day_from(closes)
            self.tender = services_tender.publish_tender(
                actor=self.bureau.officer,
                tender=self.tender,
                official_published_at=official,
                official_url=f"https://www.ccgp-guizhou.example/notice/{self.tender.pk}",
                bid_deadline=closes,
                now=now,
                provisional_acknowledged=True,
            )
        return self.tender

    # Bids

    def bid(self, firm: Firm, lot: Lot, share: str, *, at: datetime) -> None:
        """``share`` of the ceiling, rounded to whole yuan."""
        price = (lot.ceiling.amount * Decimal(share)).quantize(Decimal(1))
        judged = [c for c in lot.criteria.all() if c.kind == CriterionKind.JUDGED]
        answers = _ANSWERS_BY_VILLAGE if lot.by_village else _ANSWERS
        content = BidContent(
            price=yuan(price),
            small_or_micro=firm.organisation.small_or_micro,
            legal_representative=firm.organisation.head_name,
            contact_name=firm.bidder.display_name,
            contact_phone=OFFICE_PHONE,
            team=tuple(
                TeamMember(lawyer.display_name, _licence(lawyer), "基层法律服务五年以上") for lawyer in firm.lawyers[:6]
            ),
            responses=tuple(Response(c.pk, c.title, answers[n % len(answers)]) for n, c in enumerate(judged)),
            note=f"示例{self._called('bid')}。",
        )
        with clock.rehearse(at):
            services_bidding.submit_bid(
                actor=firm.bidder,
                lot=lot,
                supplier=firm.organisation,
                content=content,
                request_key=self.stage.key(),
                now=at,
            )

    # From the deadline to the award

    def after(self, days: int, hour: int) -> datetime:
        """The hour on the ``days``-th working day after the deadline."""
        if self.tender.bid_deadline is None:
            raise ValueError(f"{self.tender} has not been published")
        return self.stage.working_after(self.tender.bid_deadline, days, hour)

    def release_shares(self, at: datetime) -> None:
        for holder in self.bureau.holders[: self.tender.key_threshold]:
            services_opening.release_share(actor=holder, tender=self.tender, passphrase=PASSPHRASE, now=at)

    def open(self) -> Tender:
        at = self.after(1, 9)
        with clock.rehearse(at):
            self.release_shares(at)
            self.tender = services_opening.open_bids(actor=self.bureau.officer, tender=self.tender, now=at)
        return self.tender

    def fail(self, ground: str) -> None:
        """The keys are there, the bids are too few: nothing is opened."""
        at = self.after(1, 10)
        with clock.rehearse(at):
            self.release_shares(at)
            services_failing.fail_tender(actor=self.bureau.officer, tender=self.tender, ground=ground, now=at)

    def check(self) -> None:
        at = self.after(1, 11)
        with clock.rehearse(at):
            for opened in OpenedBid.objects.filter(
                bid__lot__tender=self.tender, qualified=None, bid__lot__failure=None
            ):
                services_opening.check_qualification(
                    actor=self.bureau.officer,
                    opened_bid=opened,
                    qualified=True,
                    now=at,
                )

    def seat_panel(self, experts: int) -> list[Evaluator]:
        at = self.after(1, 12)
        with clock.rehearse(at):
            services_panel.draw_evaluators(
                actor=self.bureau.officer, tender=self.tender, experts_needed=experts, seed="20140214", now=at
            )
        return list(Evaluator.objects.filter(tender=self.tender).select_related("user").order_by("pk"))

    def judge(self, seats: Sequence[Evaluator], *, hand_in: bool = True) -> None:
        """Each declares, scores every bid of every lot, and hands in."""
        reason = f"依据{self._called('bid')}评定。"
        at = self.after(1, 14)
        with clock.rehearse(at):
            for member, seat in enumerate(seats):
                services_panel.declare(
                    actor=seat.user,
                    tender=self.tender,
                    statement=f"本人与各{self._called('bidder')}不存在利害关系，将客观公正评审。",
                    now=at,
                )
                for lot in self.tender.lots.filter(failure__isnull=True):
                    services_evaluation.save_scores(
                        actor=seat.user,
                        lot=lot,
                        scores={
                            bid.pk: {c.pk: (self._points(member, place, c), reason) for c in scored_criteria(lot)}
                            for place, bid in enumerate(valid_bids(lot))
                        },
                        now=at,
                    )
                if hand_in:
                    services_evaluation.submit_scores(actor=seat.user, tender=self.tender, stand_by=True, now=at)

    def _called(self, what: str) -> str:
        """What the tender's method calls it, in the language of the papers."""
        with override(LANGUAGES[0]):
            return str(getattr(self.tender.wording, what))

    def _points(self, member: int, place: int, criterion: Criterion) -> Decimal:
        share = Decimal(86 - 6 * place + (member + place) % 3 * 2) / 100
        if criterion.kind == CriterionKind.OBJECTIVE:
            share = Decimal("0.8")
        return (criterion.points * share).quantize(Decimal("0.1"))

    def award(self) -> None:
        at = self.after(1, 16)
        with clock.rehearse(at):
            services_evaluation.compute_results(actor=self.bureau.officer, tender=self.tender, now=at)
        at = self.after(2, 11)
        with clock.rehearse(at):
            services_award.award_tender(actor=self.bureau.approver, tender=self._fresh(), now=at)
        self.tender = self._fresh()

    def _fresh(self) -> Tender:
        return Tender.objects.get(pk=self.tender.pk)

    def decider(self) -> User:
        return self.bureau.approver


def _licence(lawyer: User) -> str:
    """The number of the licence, which the conditions ask for."""
    return lawyer.credentials.filter(kind=CredentialKind.LAWYER).values_list("number", flat=True).first() or ""


_ANSWERS = (
    "按服务标准逐条列明承办人、完成时限和成果形式；按月报送工作台账，紧急事项当日响应，一般事项三个工作日内办结。",
    "拟派人员均为执业五年以上的律师，专业方向覆盖行政、合同、土地和劳动等领域，有同类服务经历，其中多人会说苗语。",
    "每个岗位配备一名替补，请假提前三天通知；任务集中时增派人员，并指定一名联络人与采购人对接。",
    "每次服务留痕，成果经第二名律师复核；每季度听取意见，七日内答复并整改，内部每半年检查一次。",
)
_ANSWERS_BY_VILLAGE = (
    "按村建立服务台账，每月固定到村日并提前在村务公开栏公布；每季度结合农时安排一次讲座，题目由村里点选；微信群和电话 24 小时内答复。",
    "拟派律师均有基层服务经历，熟悉土地、婚姻家庭和务工纠纷，其中多人会说苗语，就近派驻，单程不超过一小时。",
    "每名顾问配备替补，请假提前三天通知；突发纠纷两小时内响应，与司法所、人民调解委员会和法律援助中心建立衔接机制。",
    "每次服务留痕并由村（居）委会确认，每季度回访，群众意见七日内答复，内部每半年检查一次。",
)
