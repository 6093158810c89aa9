"""Duty at the county's legal service centre: bought in summer, and next month's roster, dealt and nearly all confirmed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, time, timedelta

from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.contracts import services as contracts
from marketplace.contracts.models import Contract
from marketplace.procurement.models import Award, Lot, Method
from marketplace.regions.models import Region
from marketplace.staffing.rosters import deals, duties, offers, services, swaps
from marketplace.staffing.rosters.models import Duty, Roster, RosterShift
from marketplace.staffing.rosters.services import Pattern, Terms, Window

from .buying import Purchase, Scope, Wish
from .cast import COUNTY, Cast
from .stage import Stage
from .stories import Stories

_BOUGHT = -150
_DRAFTED, _OPENED, _DEALT, _ANSWERED, _REPAIRED = -16, -15, -10, -8, -1
MORNING, AFTERNOON = Window(time(9), time(12), 1), Window(time(14), time(17, 30), 1)


class Centre:
    """Plays the duty at the centre. Volunteers have joined before."""

    def __init__(self, stage: Stage, cast: Cast, stories: Stories) -> None:
        self.stage, self.cast, self.stories = stage, cast, stories
        self.officer = cast.bureau.officer

    def play(self) -> Roster:
        contract = self._buy()
        roster = self._draft(contract)
        self._offers(roster, contract)
        self._deal(roster)
        return roster

    def _buy(self) -> Contract:
        region = Region.objects.get(code=COUNTY)
        bureau = self.cast.bureau
        first = self.stage.day(-60).replace(day=1)
        wish = Wish(
            product="PLS-03",
            title="雷山县公共法律服务中心驻点值班",
            title_en="Duty at the county's public legal service centre",
            need="中心每日接待群众 20 人次左右，需要一个律师值班席位，按月排班。",
            need_en="The centre receives about 20 people a day and needs one lawyer on duty, by a monthly roster.",
            method=Method.CONSULTATION,
            method_reason="政府购买服务项目，适用竞争性磋商（财库〔2014〕214号第三条第一项）。",
            # Whole months, a year of them: an instalment for a day or two would be odd.
            service_from=first,
            service_to=first.replace(year=first.year + 1) - timedelta(days=1),
            lots=[Scope("中心窗口一个席位", "One seat at the centre", 108_000, [region], quantity=250)],
        )
        purchase = Purchase(self.stage, bureau, self.stories.line(bureau, _BOUGHT))
        plan = purchase.plan(wish, day=_BOUGHT)
        tender = purchase.draft(wish, plan, day=_BOUGHT + 3)
        purchase.publish(day=_BOUGHT + 7, days_open=14)
        lot = Lot.objects.prefetch_related("criteria").get(tender=tender)
        for n, (firm, share) in enumerate(zip(self.cast.firms[:3], ("0.96", "0.90", "0.95"), strict=True)):
            purchase.bid(firm, lot, share, at=self.stage.at(_BOUGHT + 17, 10, 9 * n))
        purchase.open()
        purchase.check()
        purchase.judge(purchase.seat_panel(3))
        purchase.award()
        award = Award.objects.get(lot=lot)
        drawn = self.stage.working(-105, 10, after=award.decided_at)
        with self.stage.then(drawn) as now:
            contract = contracts.draft_contract(actor=bureau.officer, award=award, now=now)
        bidder = next(f.bidder for f in self.cast.firms if f.organisation.pk == contract.supplier_id)
        offered = self.stage.working(-104, 15, after=drawn)
        with self.stage.then(offered) as now:
            contracts.sign_as_supplier(actor=bidder, contract=contract, now=now)
        with self.stage.then(self.stage.working(-103, 11, after=offered)) as now:
            return contracts.sign_as_buyer(actor=bureau.approver, contract=contract, now=now)

    def _draft(self, contract: Contract) -> Roster:
        """A month, mornings and afternoons; on Wednesdays there is a place for somebody who helps people in."""
        first, last = self.stage.day(3), self.stage.day(32)
        with self.stage.when(_DRAFTED, 10) as now:
            roster = services.draft_roster(
                actor=self.officer,
                contract=contract,
                pattern=Pattern(first, last, [MORNING, AFTERNOON]),
                # Nobody serves a whole day.
                terms=Terms(volunteers_welcome=True, day_minutes=240),
                now=now,
            )
            for days in range(3, 33):
                if self.stage.day(days).weekday() == 2:
                    services.add_shift(
                        actor=self.officer,
                        roster=roster,
                        starts_at=self.stage.at(days, 14),
                        ends_at=self.stage.at(days, 17, 30),
                        places=1,
                        lawyer_needed=False,
                        now=now,
                    )
        with self.stage.when(_OPENED, 9) as now:
            return services.open_roster(
                actor=self.officer, roster=roster, offers_until=self.stage.at(_DEALT, 9), now=now
            )

    def _offers(self, roster: Roster, contract: Contract) -> None:
        """Six lawyers and two volunteers; on one day only one lawyer can come, so that half of it stays open."""
        firm = next(f for f in self.cast.firms if f.organisation.pk == contract.supplier_id)
        shifts = list(roster.shifts.order_by("starts_at", "pk"))
        lonely = timezone.localdate(shifts[len(shifts) // 2].starts_at)
        for n, lawyer in enumerate(firm.lawyers[:6]):
            chosen = [
                shift
                for k, shift in enumerate(shifts)
                if shift.lawyer_needed
                and ((k + n) % 3 != 0 if timezone.localdate(shift.starts_at) != lonely else n == 0)
            ]
            self._offer(roster, lawyer, chosen, hour=9 + n)
        for n, volunteer in enumerate(self.cast.volunteers[:2]):
            self._offer(roster, volunteer, [shift for shift in shifts if not shift.lawyer_needed], hour=18 + n)

    def _offer(self, roster: Roster, person: User, shifts: Iterable[RosterShift], *, hour: int) -> None:
        with self.stage.when(_OPENED + 1, hour) as now:
            offers.save_offers(
                actor=person, roster=roster, shifts=[shift.pk for shift in shifts], most_minutes=None, now=now
            )

    def _deal(self, roster: Roster) -> None:
        """Dealt, answered by all, one declined; what he declined is proposed to a colleague, who has not answered yet."""
        with self.stage.when(_DEALT, 9) as now:
            deals.close_overdue(now=now)
            deal = roster.deals.get()
            deals.execute_deal(deal_id=deal.pk, now=now)
            deals.send_deal(actor=self.officer, deal=deal, now=now + timedelta(minutes=40))
        with self.stage.when(_ANSWERED, 19) as now:
            rows = deal.duties.filter(state="proposed").select_related("person", "shift__roster__contract")
            proposed = list(rows.order_by("shift__starts_at", "pk"))
            declined = self._to_decline(proposed, now)
            for duty in proposed:
                if duty == declined:
                    duties.decline_duty(actor=duty.person, duty=duty, reason="当天在州中院开庭。", now=now)
                else:
                    duties.confirm_duty(actor=duty.person, duty=duty, now=now)
        with self.stage.when(_REPAIRED, 10) as now:
            repair = deals.request_deal(actor=self.officer, roster=roster, now=now)
            deals.execute_deal(deal_id=repair.pk, now=now)
            deals.send_deal(actor=self.officer, deal=repair, now=now + timedelta(minutes=20))

    def _to_decline(self, proposed: list[Duty], now: datetime) -> Duty:
        """The last shift that would go to a lawyer whom visitors can act as, if there is one: the repair asks who has least."""
        load = Counter(duty.person_id for duty in proposed)
        lawyers = [duty for duty in reversed(proposed) if duty.capacity == "contract"]
        for duty in lawyers:
            free = sorted(swaps.candidates(duty, now), key=lambda person: (load[person.pk], person.pk))
            if free and free[0].has_usable_password():
                return duty
        return lawyers[0]
