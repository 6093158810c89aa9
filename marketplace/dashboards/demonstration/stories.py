"""The purchases of the play: one at every stage that a notice can show."""

from __future__ import annotations

from marketplace.core.units import yuan
from marketplace.procurement import services_plan, services_tender
from marketplace.procurement.models import BudgetLine, FailureGround, Lot, Method, Plan, Tender
from marketplace.regions.models import Level, Region

from .buying import Purchase, Scope, Wish
from .cast import COUNTY, KAILI, PREFECTURE, Bureau, Cast
from .stage import Stage

#: in how many days the present advisers' contracts end
PRESENT_ENDS = 24
_CONSULTATION = "政府购买服务项目，适用竞争性磋商（财库〔2014〕214号第三条第一项）。"
#: The county's townships by lot.
_LOTS = (
    ("丹江镇、龙头街道", "Danjiang and Longtou", (522634001000, 522634100000)),
    ("西江镇、郎德镇、望丰乡", "Xijiang, Langde and Wangfeng", (522634101000, 522634103000, 522634200000)),
    ("永乐镇、大塘镇、达地乡、方祥乡", "Yongle, Datang, Dadi and Fangxiang", (522634102000, 522634104000, 522634203000, 522634204000)),
)  # fmt: skip


def _villages(townships: tuple[int, ...]) -> list[Region]:
    return [village for code in townships for village in Region.objects.under(code, Level.VILLAGE).order_by("code")]


def _scopes(price: int) -> list[Scope]:
    scopes = []
    for title, title_en, townships in _LOTS:
        villages = _villages(townships)
        scopes.append(Scope(title, title_en, price * len(villages), villages))
    return scopes


class Stories:
    """Plays the purchases; the year of performance is told elsewhere."""

    def __init__(self, stage: Stage, cast: Cast) -> None:
        self.stage, self.cast = stage, cast
        self._lines: dict[tuple[int, int], BudgetLine] = {}
        self._given_up: Plan
        #: the year in which most of the present service lies, by which it is called: "this year" would soon be last year
        self.season = stage.day(-158).year

    def line(self, bureau: Bureau, day: int, amount: int = 3_000_000) -> BudgetLine:
        """The bureau's budget line of the year in which ``day`` lies."""
        year = self.stage.day(day).year
        key = (bureau.organisation.pk, year)
        if key not in self._lines:
            with self.stage.then(self.stage.working(day - 1, 9)) as now:
                self._lines[key] = services_plan.open_budget_line(
                    actor=bureau.finance,
                    organisation=bureau.organisation,
                    fiscal_year=year,
                    code="2040605",
                    name="普法宣传与公共法律服务",
                    name_en="Law education and public legal services",
                    appropriated=yuan(amount),
                    now=now,
                )
        return self._lines[key]

    def last_year(self) -> Tender:
        """Village advisers for the whole county: bought a year ago, in performance now."""
        day = -415
        wish = Wish(
            product="PLS-01",
            title=f"雷山县村（社区）法律顾问服务（{self.season} 年度）",
            title_en=f"Village legal advisers of Leishan, {self.season}",
            need="经对 9 个乡镇（街道）、42 个村走访和 3 家律师事务所咨询，群众最需要的是固定时间到村、会说苗语的法律顾问。",
            need_en="Asked in 42 villages of 9 townships and at 3 law firms, people most want an adviser who comes on fixed days and speaks Hmong.",
            method=Method.CONSULTATION,
            method_reason=_CONSULTATION,
            service_from=self.stage.day(-340),
            service_to=self.stage.day(PRESENT_ENDS),
            lots=_scopes(5000),
        )
        purchase = Purchase(self.stage, self.cast.bureau, self.line(self.cast.bureau, day))
        plan = purchase.plan(wish, day=day)
        tender = purchase.draft(wish, plan, day=day + 3)
        purchase.publish(day=day + 7, days_open=14)
        first, second, third, fourth, _fifth = self.cast.firms
        lots = list(Lot.objects.filter(tender=tender).prefetch_related("criteria").order_by("number"))
        offers = (
            (lots[0], ((first, "0.94"), (second, "0.96"), (fourth, "0.97"))),
            (lots[1], ((second, "0.93"), (first, "0.97"), (third, "0.95"))),
            (lots[2], ((third, "0.95"), (second, "0.98"), (fourth, "0.96"))),
        )
        for n, (lot, bids) in enumerate(offers):
            for k, (firm, share) in enumerate(bids):
                purchase.bid(firm, lot, share, at=self.stage.at(day + 17, 10 + n, 7 * k))
        purchase.open()
        purchase.check()
        purchase.judge(purchase.seat_panel(3))
        purchase.award()
        return purchase.tender

    def bidding_open(self) -> Tender:
        """Next year's advisers: bids are taken; two questions answered, one not yet."""
        end = self.stage.day(PRESENT_ENDS)
        wish = Wish(
            product="PLS-01",
            title=f"雷山县村（社区）法律顾问服务（{self.season + 1} 年度）",
            title_en=f"Village legal advisers of Leishan, {self.season + 1}",
            need=f"现有服务合同将于 {end.year} 年 {end.month} 月 {end.day} 日到期。经入户调查，九成受访村希望继续，并要求增加远程答复和赶集日咨询。",
            need_en=f"The present contracts end on {end:%-d %B %Y}. In a household survey nine villages in ten asked for the service to go on, with remote answers and advice on market days added.",
            method=Method.CONSULTATION,
            method_reason=_CONSULTATION,
            # The day after the present contracts, as the news says: no village is without an adviser.
            service_from=self.stage.day(PRESENT_ENDS + 1),
            service_to=self.stage.day(PRESENT_ENDS + 365),
            lots=_scopes(5200),
        )
        purchase = Purchase(self.stage, self.cast.bureau, self.line(self.cast.bureau, -21))
        plan = purchase.plan(wish, day=-21)
        tender = purchase.draft(wish, plan, day=-18)
        purchase.publish(day=-14, days_open=20)
        _first, second, third, fourth, _fifth = self.cast.firms
        with self.stage.when(-11, 15) as now:
            asked = [
                services_tender.ask_question(
                    actor=firm.bidder, organisation=firm.organisation, tender=tender, text=text, now=now
                )
                for firm, text in (
                    (second, "一名顾问最多服务 5 个村，是否包括其在其他县服务的村？"),
                    (fourth, "苗语服务可否由翻译协助完成？"),
                )
            ]
        answers = ("仅计算本项目内的村，但合计到村时间须能够保证。", "可以由翻译协助，翻译费用由成交供应商承担。")
        for n, (question, answer) in enumerate(zip(asked, answers, strict=True)):
            with self.stage.then(self.stage.working(-9, 10 + n, after=self.stage.at(-11, 15 + n))) as now:
                services_tender.answer_question(
                    actor=self.cast.bureau.officer, question=question, answer=answer, now=now
                )
        with self.stage.when(-5, 16) as now:
            services_tender.ask_question(
                actor=third.bidder,
                organisation=third.organisation,
                tender=tender,
                text="讲座能否与赶集日咨询合并安排？",
                now=now,
            )
        lots = list(Lot.objects.filter(tender=tender).prefetch_related("criteria").order_by("number"))
        purchase.bid(second, lots[0], "0.95", at=self.stage.at(-3, 11))
        purchase.bid(third, lots[2], "0.94", at=self.stage.at(-2, 16))
        purchase.bid(second, lots[1], "0.96", at=self.stage.at(-1, 9))
        return tender

    def being_judged(self) -> Tender:
        """The prefecture's counsel team: an open tender whose panel is at work."""
        region = Region.objects.get(code=PREFECTURE)
        wish = Wish(
            product="PLS-02",
            title="州政府法律顾问团",
            title_en="Counsel team of the prefecture government",
            need="重大行政决策合法性审查和政府合同审查任务逐年增加，现有公职律师不足。",
            need_en="Reviews of major decisions and of government contracts grow year by year, and the government's own lawyers are too few.",
            method=Method.OPEN,
            method_reason="预算达到公开招标数额标准，依法公开招标。",
            service_from=self.stage.day(30),
            service_to=self.stage.day(394),
            lots=[Scope("州级机关", "Offices of the prefecture", 1_260_000, [region])],
        )
        purchase = Purchase(self.stage, self.cast.prefecture, self.line(self.cast.prefecture, -60))
        plan = purchase.plan(wish, day=-60)
        tender = purchase.draft(wish, plan, day=-55)
        purchase.publish(day=-48, days_open=24)
        lot = Lot.objects.prefetch_related("criteria").get(tender=tender)
        for n, (firm, share) in enumerate(zip(self.cast.firms, ("0.93", "0.95", "0.90", "0.97"), strict=False)):
            purchase.bid(firm, lot, share, at=self.stage.at(-28, 10, 11 * n))
        purchase.open()
        purchase.check()
        seats = purchase.seat_panel(5)
        purchase.judge(seats[:3])
        purchase.judge(seats[3:4], hand_in=False)
        return purchase.tender

    def awarded(self) -> Tender:
        """Duty at Kaili's centre: decided a few days ago, the contract not yet signed."""
        region = Region.objects.get(code=KAILI)
        wish = Wish(
            product="PLS-03",
            title="公共法律服务中心驻点值班",
            title_en="Duty at the public legal service centre",
            need="中心每日接待群众 40 人次以上，需要两个律师值班席位。",
            need_en="The centre receives more than 40 people a day and needs two lawyers on duty.",
            method=Method.CONSULTATION,
            method_reason=_CONSULTATION,
            service_from=self.stage.day(20),
            service_to=self.stage.day(384),
            lots=[Scope("中心窗口两个席位", "Two seats at the centre", 216_000, [region], quantity=500, seats=2)],
        )
        purchase = Purchase(self.stage, self.cast.kaili, self.line(self.cast.kaili, -45))
        plan = purchase.plan(wish, day=-45)
        tender = purchase.draft(wish, plan, day=-42)
        purchase.publish(day=-36, days_open=14)
        lot = Lot.objects.prefetch_related("criteria").get(tender=tender)
        for n, (firm, share) in enumerate(zip(self.cast.firms[1:], ("0.96", "0.91", "0.94"), strict=False)):
            purchase.bid(firm, lot, share, at=self.stage.at(-25, 9, 20 * n))
        purchase.open()
        purchase.check()
        purchase.judge(purchase.seat_panel(3))
        purchase.award()
        return purchase.tender

    def failed(self) -> Tender:
        """Lectures in the Hmong language: only one bidder came."""
        region = Region.objects.get(code=COUNTY)
        wish = Wish(
            product="PLS-09",
            title="苗语普法讲座 40 场",
            title_en="Forty law lectures in the Hmong language",
            need="调查显示六十岁以上村民更愿意听苗语讲座。",
            need_en="A survey shows that villagers over sixty prefer lectures in Hmong.",
            method=Method.CONSULTATION,
            method_reason=_CONSULTATION,
            service_from=self.stage.day(10),
            service_to=self.stage.day(200),
            lots=[Scope("全县 40 场", "Forty lectures in the county", 96_000, [region], quantity=40)],
        )
        purchase = Purchase(self.stage, self.cast.bureau, self.line(self.cast.bureau, -40))
        self._given_up = plan = purchase.plan(wish, day=-40)
        tender = purchase.draft(wish, plan, day=-37)
        purchase.publish(day=-33, days_open=12)
        lot = Lot.objects.prefetch_related("criteria").get(tender=tender)
        purchase.bid(self.cast.firms[0], lot, "0.98", at=self.stage.at(-24, 11))
        purchase.fail(FailureGround.TOO_FEW)
        return purchase.tender

    def waiting_for_approval(self) -> None:
        """What the approving officer finds on the desk: a plan and a tender."""
        bureau = self.cast.bureau
        region = Region.objects.get(code=COUNTY)
        wish = Wish(
            product="PLS-06",
            title="婚姻家庭纠纷人民调解服务",
            title_en="Mediation of family disputes",
            need="上半年婚姻家庭纠纷占民间纠纷四成，专职调解员不足。",
            need_en="In the first half of the year two in five disputes were about marriage and family, and there are too few full-time mediators.",
            method=Method.CONSULTATION,
            method_reason=_CONSULTATION,
            service_from=self.stage.day(60),
            service_to=self.stage.day(424),
            lots=[Scope("全县", "The whole county", 120_000, [region], quantity=200, seats=2)],
        )
        Purchase(self.stage, bureau, self.line(bureau, -4)).plan(wish, day=-2, approve=False)
        lectures = Wish(
            product="PLS-09",
            title="苗语普法讲座 40 场（重新采购）",
            title_en="Forty law lectures in the Hmong language (second call)",
            need="首次采购因供应商不足三家（政府购买服务不足两家）失败，调整每场时长和预算后重新组织。",
            need_en="The first procedure failed for want of bidders (three are needed, two where government buys services). The length and budget of each lecture were changed and the procurement is being repeated.",
            method=Method.CONSULTATION,
            method_reason=_CONSULTATION,
            service_from=self.stage.day(50),
            service_to=self.stage.day(240),
            lots=[Scope("全县 40 场", "Forty lectures in the county", 108_000, [region], quantity=40)],
        )
        # What the failed purchase held of the budget is free before the new one asks for it.
        with self.stage.then(self.stage.working(-9, 16)) as now:
            services_plan.cancel_plan(
                actor=bureau.approver,
                plan=self._given_up,
                reason="首次采购失败，调整后另行立项，本计划不再执行。",
                now=now,
            )
        purchase = Purchase(self.stage, bureau, self.line(bureau, -8))
        plan = purchase.plan(lectures, day=-8)
        purchase.draft(lectures, plan, day=-1)
