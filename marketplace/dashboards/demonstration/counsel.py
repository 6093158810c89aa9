"""The county's counsel team: bought this season, formed by a computation, one seat declined and found again."""

from __future__ import annotations

from datetime import timedelta

from marketplace.contracts import services as contracts
from marketplace.contracts.models import Contract
from marketplace.procurement.models import Award, Lot, Method
from marketplace.regions.models import Region
from marketplace.staffing import services as staffing
from marketplace.staffing import services_proposals as proposals
from marketplace.staffing import services_repair as repairs
from marketplace.staffing.models import Assignment
from marketplace.staffing.teams import services as teams

from .buying import Purchase, Scope, Wish
from .cast import COUNTY, Cast, Firm
from .stage import Stage
from .stories import Stories

_COVERS = ("land", "contract", "administrative", "procurement")
BOUGHT, SIGNED, COMPUTED = -75, -32, -2


class Counsel:
    """Plays the purchase and the forming of the team."""

    def __init__(self, stage: Stage, cast: Cast, stories: Stories) -> None:
        self.stage, self.cast, self.stories = stage, cast, stories

    def play(self) -> None:
        contract = self._sign(self._buy())
        firm = next(each for each in self.cast.firms if each.organisation.pk == contract.supplier_id)
        self._form(contract, firm)

    def _buy(self) -> Award:
        wish = Wish(
            product="PLS-02",
            title="雷山县人民政府法律顾问团",
            title_en="Counsel team of the county government of Leishan",
            need="征地、政府合同和行政复议事项增多，县政府需要一个覆盖多个法律领域的顾问团。",
            need_en="Expropriation, government contracts and reviews of administrative acts have grown: the county government needs counsel for several fields of law.",
            method=Method.CONSULTATION,
            method_reason="政府购买服务项目，适用竞争性磋商（财库〔2014〕214号第三条第一项）。",
            service_from=self.stage.day(-20),
            service_to=self.stage.day(344),
            lots=[Scope("县政府", "The county government", 180_000, [Region.objects.get(code=COUNTY)])],
        )
        purchase = Purchase(self.stage, self.cast.bureau, self.stories.line(self.cast.bureau, BOUGHT))
        tender = purchase.draft(wish, purchase.plan(wish, day=BOUGHT), day=BOUGHT + 3)
        purchase.publish(day=BOUGHT + 8, days_open=14)
        lot = Lot.objects.prefetch_related("criteria").get(tender=tender)
        for n, (firm, share) in enumerate(zip(self.cast.firms[:3], ("0.90", "0.96", "0.95"), strict=True)):
            purchase.bid(firm, lot, share, at=self.stage.at(BOUGHT + 17, 9, 20 * n))
        purchase.open()
        purchase.check()
        purchase.judge(purchase.seat_panel(3))
        purchase.award()
        return Award.objects.get(lot=lot)

    def _sign(self, award: Award) -> Contract:
        bureau = self.cast.bureau
        drawn = self.stage.working(SIGNED, 10, after=award.decided_at)
        with self.stage.then(drawn) as now:
            contract = contracts.draft_contract(actor=bureau.officer, award=award, now=now)
        bidder = next(each.bidder for each in self.cast.firms if each.organisation.pk == contract.supplier_id)
        offered = self.stage.working(SIGNED + 1, 15, after=drawn)
        with self.stage.then(offered) as now:
            contracts.sign_as_supplier(actor=bidder, contract=contract, now=now)
        with self.stage.then(self.stage.working(SIGNED + 2, 11, after=offered)) as now:
            return contracts.sign_as_buyer(actor=bureau.approver, contract=contract, now=now)

    def _form(self, contract: Contract, firm: Firm) -> None:
        """Two of the firm may not sit together; the engine forms the team, one declines, a repair asks for what is lacking."""
        officer = self.cast.bureau.officer
        with self.stage.when(COMPUTED - 6, 20) as now:
            teams.state_quarrel(
                actor=firm.lawyers[1], other=firm.lawyers[3], kind="opponent", note="一件未结的合同纠纷中分别代理双方（示例）。",
                now=now,
            )  # fmt: skip
        wishes = {"covers": list(_COVERS), "seniors": 2, "senior_years": 12, "radius_minutes": 120}
        with self.stage.when(COMPUTED, 9) as now:
            run = staffing.request_run(actor=officer, contract=contract, parameters=wishes, now=now)
            staffing.execute_run(run_id=run.pk, now=now)
            proposals.publish_run(actor=officer, run=run, now=now + timedelta(hours=1))
        with self.stage.when(COMPUTED, 19) as now:
            asked = list(Assignment.objects.filter(run=run, state="proposed").select_related("person").order_by("pk"))
            # The first lawyer of the firm, as whom a newcomer may act, has not answered yet.
            others = [each for each in asked if each.person != firm.lawyers[0]]
            for assignment in others[:-1]:
                proposals.accept_assignment(actor=assignment.person, assignment=assignment, now=now)
            for assignment in others[-1:]:
                proposals.decline_assignment(
                    actor=assignment.person, assignment=assignment, reason="下半年长期在外地办案。", now=now
                )
        if not others:
            return
        with self.stage.when(-1, 15) as now:
            repair = repairs.request_repair(actor=officer, run=run, now=now)
            staffing.execute_run(run_id=repair.pk, now=now)
            proposals.publish_run(actor=officer, run=repair, now=now + timedelta(minutes=30))
