"""The year after the award: signatures, advisers, visits, acceptance and payment."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import cycle
from typing import Any

from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.contracts import services as contracts
from marketplace.contracts.models import Contract, Instalment, Post
from marketplace.contracts.services_payment import proposed_deduction
from marketplace.contracts.services_posts import quarter_name
from marketplace.core import clock
from marketplace.procurement.models import Award, Tender
from marketplace.regions.codes import ancestor_at
from marketplace.regions.models import Level
from marketplace.staffing import calls
from marketplace.staffing import services as staffing
from marketplace.staffing import services_proposals as proposals
from marketplace.staffing import services_repair as repairs
from marketplace.staffing import services_scenarios as scenarios
from marketplace.staffing.models import Assignment, AssignmentRun
from marketplace.timesheets import services as timesheets
from marketplace.timesheets.models import Capacity, ServiceSession, SessionKind
from volunteers import services as volunteering
from volunteers import sign_ups
from volunteers.services import NewShift

from .cast import OFFICE_PHONE, Cast, Firm
from .stage import Stage

_WORK = (
    "接待村民咨询，内容涉及土地承包和邻里用水；审看村集体合作社合同一份。",
    "走访老人和留守妇女家庭，解答赡养、婚姻问题，协助申请法律援助一件。",
    "参与调解宅基地纠纷，双方签订协议；为村“两委”解答村规民约修订问题。",
    "为返乡务工人员解答工资、工伤问题，联系县劳动监察大队跟进。",
)
_WORDS = (
    "来得准时，讲得明白。",
    "土地的事问清楚了，希望下次多待一会儿。",
    "电话也打得通，问什么都耐心答。",
)
#: said only where one was held
_OF_A_LECTURE = "讲座老人都听懂了，苗语讲得好。"
#: Each is about the village, so that the lawyer may well take another.
_REASONS = (
    "与该村一户村民有代理关系，须回避。",
    "正代理他人与该村村民委员会的土地纠纷，须回避。",
    "亲属任该村村民委员会委员，须回避。",
    "曾代理该村山林权属争议的对方当事人，不宜担任顾问。",
    "为该村一家合作社常年法律顾问，利益可能冲突。",
)
_SHORT = "逐村核对，少数村服务时间不足，按合同公式扣减。"
_LECTURES = ("民法典与婚姻家庭", "防范电信诈骗", "土地承包与流转", "未成年人保护")
SIGNED, STAFFED, SERVICE_BEGINS = -386, -380, -340


class Year:
    """Plays the performance of the contracts of ``tender``."""

    def __init__(self, stage: Stage, cast: Cast) -> None:
        self.stage, self.cast = stage, cast
        self.firm_of = {firm.organisation.pk: firm for firm in cast.firms}
        self._neighbours: list[list[User]] = []
        self._reasons = cycle(_REASONS)

    def sign(self, tender: Tender) -> list[Contract]:
        """Drawn up by the officer, signed by the firm, then by the approving officer: the budget is committed."""
        signed = []
        bureau = self.cast.bureau
        for award in Award.objects.filter(lot__tender=tender).order_by("lot__number"):
            drawn = self.stage.working(SIGNED, 10, after=award.decided_at)
            with self.stage.then(drawn) as now:
                contract = contracts.draft_contract(actor=bureau.officer, award=award, now=now)
            offered = self.stage.working(SIGNED + 1, 15, after=drawn)
            with self.stage.then(offered) as now:
                contracts.sign_as_supplier(actor=self.firm_of[contract.supplier_id].bidder, contract=contract, now=now)
            with self.stage.then(self.stage.working(SIGNED + 2, 11, after=offered)) as now:
                signed.append(contracts.sign_as_buyer(actor=bureau.approver, contract=contract, now=now))
        return signed

    def staff(self, signed: list[Contract]) -> None:
        """The engine proposes, the lawyers answer; one in twenty declines. What falls free is repaired: by hand, for the last by itself."""
        officer = self.cast.bureau.officer
        for contract in signed:
            by_itself = contract == signed[-1]
            with self.stage.when(STAFFED, 9) as now:
                run = staffing.request_run(actor=officer, contract=contract, now=now)
                staffing.execute_run(run_id=run.pk, now=now)
                proposals.publish_run(actor=officer, run=run, now=now + timedelta(hours=1), rounds=int(by_itself))
            self._answers(run, STAFFED + 1, decline_every=20)
            if not run.assignments.filter(state="declined").exists():
                continue
            day = STAFFED + (2 if by_itself else 6)
            with self.stage.when(day, 9) as now:
                if by_itself:
                    repairs.repair_by_themselves(now=now)
                else:
                    repairs.request_repair(actor=officer, run=run, now=now)
                repair = AssignmentRun.objects.get(follows=run)
                staffing.execute_run(run_id=repair.pk, now=now)
                if by_itself:
                    repairs.repair_by_themselves(now=now)
                else:
                    firm: Firm = self.firm_of[contract.supplier_id]
                    proposals.publish_run(actor=firm.bidder, run=repair, now=now + timedelta(hours=1))
            self._answers(repair, day + 1, decline_every=0)

    def consider(self, signed: list[Contract]) -> None:
        """What the officer asks before next year's purchase: how the villages that stayed empty could be served."""
        officer = self.cast.bureau.officer
        run = AssignmentRun.objects.filter(contract=signed[-1], kind="full").get()
        empty = run.empty_posts.select_related("post__region").order_by("post__region_id").first()
        if empty is None:
            return
        township = ancestor_at(empty.post.region_id, Level.TOWNSHIP)
        firm = {"kind": "firm", "region": township, "advisers": 2, "capacity": 5, "languages": ["cmn", "hmu"]}
        ideas: list[tuple[str, list[dict[str, Any]]]] = [
            ("每位律师多服务一个村", [{"kind": "places", "person": None, "by": 1}]),
            ("在空缺乡镇引入一家两人律所", [firm]),
            (
                "每人最多四个村，路费补贴四成",
                [{"kind": "cap", "most": 4}, {"kind": "subsidy", "region": township, "percent": 60}],
            ),
        ]
        with self.stage.when(-8, 16) as now:
            for name, changes in ideas:
                scenario = scenarios.request_scenario(actor=officer, run=run, name=name, changes=changes, now=now)
                scenarios.execute_scenario(scenario_id=scenario.pk, now=now)

    def _answers(self, run: AssignmentRun, day: int, *, decline_every: int) -> None:
        with self.stage.when(day, 18) as now:
            proposed = Assignment.objects.filter(run=run, state="proposed").select_related("person").order_by("pk")
            for n, assignment in enumerate(proposed, start=1):
                if decline_every and n % decline_every == 0:
                    proposals.decline_assignment(
                        actor=assignment.person, assignment=assignment, reason=next(self._reasons), now=now
                    )
                else:
                    proposals.accept_assignment(actor=assignment.person, assignment=assignment, now=now)

    def call_volunteers(self, signed: list[Contract]) -> None:
        """For the villages that the market left empty."""
        self._neighbours = [list(self.cast.volunteers[2:]), list(self.cast.volunteers[2:])]
        shifts = [NewShift(self.stage.at(day, 9, 30), self.stage.at(day, 12), 2) for day in (5, 12)]
        for contract in signed:
            if not calls.uncalled_gaps(contract):
                continue
            with self.stage.when(-6, 15) as now:
                opened = calls.call_volunteers(
                    actor=self.cast.bureau.officer,
                    contract=contract,
                    shifts=shifts,
                    meeting_point="村（居）民委员会办公室",
                    meeting_point_en="office of the village or residents' committee",
                    contact_phone=OFFICE_PHONE,
                    now=now,
                )
                for call in opened:
                    if call.state == "draft":
                        volunteering.open_opportunity(actor=self.cast.bureau.officer, opportunity=call, now=now)
            with self.stage.when(-4, 20) as now:
                for n, call in enumerate(opened):
                    # In three villages of four a neighbour comes forward; each comes to one shift of a day.
                    if n % 4 == 3 or not self._neighbours[n % 2]:
                        continue
                    shift = call.shifts.order_by("starts_at")[n % 2]
                    sign_ups.sign_up(actor=self._neighbours[n % 2].pop(), shift=shift, now=now)

    # Visits

    def visits(self, signed: list[Contract]) -> Iterator[str]:
        """Each village once a month for four hours, with a lecture once a quarter; confirmed by the village."""
        posts = list(
            Post.objects.filter(contract__in=signed, adviser__isnull=False)
            .select_related("adviser", "region", "contract")
            .order_by("adviser_id", "pk")
        )
        turn: dict[int, int] = {}
        slots = []
        for post in posts:
            adviser = post.adviser_id or 0
            turn[adviser] = turn.get(adviser, -1) + 1
            slots.append((post, turn[adviser]))
        months = self._months()
        for number, (year, month) in enumerate(months):
            done = sum(self._visit(post, slot, year, month, number) for post, slot in slots)
            yield f"visits of {year}-{month:02d}: {done}"

    def _months(self) -> list[tuple[int, int]]:
        first, today = self.stage.day(SERVICE_BEGINS), self.stage.today
        months = []
        year, month = first.year, first.month
        while (year, month) <= (today.year, today.month):
            months.append((year, month))
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        return months

    def _visit(self, post: Post, slot: int, year: int, month: int, number: int) -> int:
        """The adviser's ``slot``-th village is seen on its own day of the month; a few visits are missed or cut short."""
        adviser = post.adviser
        if adviser is None:
            return 0
        day = self._service_day(year, month, slot, post.region_id % 3)
        if day is None or (post.region_id + number) % 29 == 0:
            return 0
        hours = 2 if (post.region_id + number * 7) % 31 == 0 else 4
        start = self._moment(day, 9)
        self._serve(post, adviser, SessionKind.ON_SITE, start, start + timedelta(hours=hours), number)
        if (number + post.region_id) % 3 == 0:
            begin = self._moment(day, 14, 30)
            self._serve(post, adviser, SessionKind.LECTURE, begin, begin + timedelta(minutes=90), number)
        return 1

    def _service_day(self, year: int, month: int, slot: int, shift: int) -> date | None:
        """A weekday of the month within the term and before today; in the first days of the term one after the other."""
        begins, last = self.stage.day(SERVICE_BEGINS), date(year, month, calendar.monthrange(year, month)[1])
        day = last.replace(day=min(3 + slot * 5 + shift, last.day))
        if (year, month) == (begins.year, begins.month):
            rest = [begins + timedelta(days=n) for n in range((last - begins).days + 1)]
            weekdays = [each for each in rest if each.weekday() < 5]
            day = weekdays[slot] if slot < len(weekdays) else last
        day -= timedelta(days=max(0, day.weekday() - 4))
        return day if begins <= day < self.stage.today else None

    @staticmethod
    def _moment(day: date, hour: int, minute: int = 0) -> datetime:
        return timezone.make_aware(datetime.combine(day, time(hour, minute)))

    def _serve(self, post: Post, adviser: User, kind: str, start: datetime, end: datetime, number: int) -> None:
        village = post.region_id
        text = _WORK[(village + number) % 4] if kind == SessionKind.ON_SITE else f"讲座：{_LECTURES[number % 4]}。"
        reported = end + timedelta(hours=2)
        with clock.rehearse(reported):
            session = timesheets.report_session(
                actor=adviser,
                capacity=Capacity.CONTRACT,
                kind=kind,
                region=post.region,
                host=self.cast.committees[village],
                subject_kind="contracts.post",
                subject_id=post.pk,
                start=start,
                end=end,
                summary=text,
                people_served=4 + (village + number) % 9
                if kind == SessionKind.ON_SITE
                else 18 + (village + number) % 30,
                now=reported,
            )
        age = (self.stage.at(0, 8) - end).days
        if age < 4:
            # The latest visits still wait for the village's word.
            return
        voice = self.cast.villages[village]
        confirmed = end + timedelta(days=1 + (village + number) % 2)
        with clock.rehearse(confirmed):
            if age < 12 and village % 41 == 7:
                timesheets.dispute_session(
                    actor=voice, session=session, note="当天只来了两个小时，其余时间不在村里。", now=confirmed
                )
            else:
                timesheets.confirm_session(actor=voice, session=session, now=confirmed)

    # Acceptance and payment

    def settle(self, signed: list[Contract]) -> None:
        """Every finished quarter: rated by villages, delivered, accepted, paid; the last one waits at its stage."""
        bureau = self.cast.bureau
        for contract in signed:
            firm = self.firm_of[contract.supplier_id]
            finished = [i for i in contract.instalments.order_by("number") if i.period_to < self.stage.day(-5)]
            for instalment in finished:
                self._rate(contract, instalment)
                # The villages confirm within two days: what counts is in the record by then.
                at = self._moment(instalment.period_to + timedelta(days=4), 10)
                with clock.rehearse(at):
                    delivered = contracts.deliver_instalment(actor=firm.bidder, instalment=instalment, now=at)
                last = instalment == finished[-1]
                if last and contract == signed[0]:
                    continue
                at = self._moment(instalment.period_to + timedelta(days=6), 15)
                if at >= self.stage.at(0, 8):
                    continue
                with clock.rehearse(at):
                    note = _SHORT if proposed_deduction(delivered) else "逐村核对，服务达标。"
                    accepted = contracts.accept_instalment(
                        actor=bureau.officer, instalment=delivered, note=note, now=at
                    )
                at = self._moment(instalment.period_to + timedelta(days=14), 15)
                if at >= self.stage.at(0, 8) or (last and contract == signed[-1]):
                    continue
                with clock.rehearse(at):
                    contracts.pay_instalment(actor=bureau.finance, instalment=accepted, now=at)

    def _rate(self, contract: Contract, instalment: Instalment) -> None:
        """Every third or fourth village says how it was, where somebody came; in each period others, with other words."""
        at = self._moment(instalment.period_to + timedelta(days=3), 17)
        with clock.rehearse(at):
            came = ServiceSession.objects.filter(
                subject_kind="contracts.post",
                subject_id__in=contract.posts.values("pk"),
                state="confirmed",
                period__startswith__gte=self._moment(instalment.period_from, 0),
                period__startswith__lt=self._moment(instalment.period_to + timedelta(days=1), 0),
            )
            posts = Post.objects.filter(contract=contract, adviser__isnull=False, pk__in=came.values("subject_id"))
            lectured = set(came.filter(kind=SessionKind.LECTURE).values_list("subject_id", flat=True))
            step = 3 + instalment.number % 2
            for n, post in enumerate(posts.select_related("region").order_by("pk")):
                if (n + instalment.number) % step == 0:
                    turn = n // step + instalment.number
                    words = _WORDS[turn % len(_WORDS)] if turn % 4 or post.pk not in lectured else _OF_A_LECTURE
                    contracts.rate_post(
                        actor=self.cast.villages[post.region_id],
                        post=post,
                        quarter=quarter_name(instalment.period_from),
                        stars=5 if turn % 5 else 4,
                        comment="" if turn % 2 else words,
                        now=at,
                    )
