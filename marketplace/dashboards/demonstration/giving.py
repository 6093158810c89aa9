"""Volunteers, subsidised duty and the policy that honours them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from marketplace.accounts.models import Organisation, User
from marketplace.core import clock
from marketplace.incentives import payouts, services
from marketplace.incentives.models import Policy
from marketplace.regions.models import Level, Region
from marketplace.timesheets import services as timesheets
from marketplace.timesheets.models import Capacity
from volunteers import services as volunteering
from volunteers import sign_ups
from volunteers.models import Opportunity, Shift
from volunteers.services import NewShift

from .cast import COUNTY, OFFICE_PHONE, Cast
from .stage import Stage

RULES = {
    "points_per_minute": "0.5",
    "subsidy_per_day": "200.00",
    "day_minutes": 360,
    "daily_cap_minutes": 480,
    "annual_target_minutes": 3000,
    "annual_target_cases": 2,
    "tier_uplift": {"western": "1.10", "formerly_poor": "1.20"},
    "stars": [
        {"level": 1, "minutes": 6000},
        {"level": 2, "minutes": 18000},
        {"level": 3, "minutes": 36000},
        {"level": 4, "minutes": 60000},
        {"level": 5, "minutes": 90000},
    ],
}
#: what is to be done, by the kind of a call
_TASKS = {
    "duty": (
        "接待来访群众，听清问题，能当场答的当场答，需要办法律援助的帮着填表。",
        "Receive visitors, hear them out, answer what can be answered at once, and help with forms for legal aid.",
    ),
    "mediation": (
        "和镇上的人民调解员一起，分头听双方说，帮他们把能谈拢的写成协议。",
        "Together with the town's mediator, hear both sides and help them write down what they can agree on.",
    ),
    "lecture": (
        "给初二年级上一节普法课：校园欺凌、网络交友、兼职打工，讲案例，留时间提问。",
        "A lesson for the eighth grade on bullying, online friends and side jobs: cases, and time for questions.",
    ),
    "on_site": (
        "上门看望老人，帮着看一看宅基地、遗嘱、赡养协议和借条，有疑问的登记。",
        "Visit older people at home and look over their papers: homestead, will, support agreement, IOU. Note what is doubtful.",
    ),
}
_SUMMARY = "接待咨询，解答土地、婚姻、务工问题，引导办理法律援助。"


class Giving:
    """Plays what is given for nothing, and what is honoured."""

    def __init__(self, stage: Stage, cast: Cast) -> None:
        self.stage, self.cast = stage, cast
        self.towns = {t.code: t for t in Region.objects.under(COUNTY, Level.TOWNSHIP)}

    def policy(self) -> Policy:
        bureau = self.cast.bureau
        with self.stage.when(-410, 10) as now:
            draft = services.draft_policy(
                actor=bureau.officer,
                payer=bureau.organisation,
                region=Region.objects.get(code=COUNTY),
                title="雷山县公益法律服务补偿激励办法（示例）",
                title_en="Leishan rules on compensation and honours for pro bono legal service (sample)",
                instrument="雷司发〔示例〕1号",
                rules=RULES,
                valid_from=self.stage.day(-400),
                valid_to=None,
                now=now,
            )
        with self.stage.when(-405, 15) as now:
            policy = services.adopt_policy(actor=bureau.approver, policy=draft, now=now)
        with self.stage.when(-399, 9) as now:
            payouts.top_up_fund(
                actor=bureau.finance,
                payer=bureau.organisation,
                amount=Decimal(60000),
                request_key=self.stage.key(),
                now=now,
            )
        return policy

    def join(self) -> None:
        skills = ("marriage", "land", "labour", "mediation")
        for n, person in enumerate(self.cast.volunteers):
            with self.stage.when(-300 + n, 20) as now:
                volunteering.join(
                    actor=person,
                    region=person.home_region or self.towns[522634100000],
                    skills=[skills[n % 4]],
                    languages=["cmn", "hmu"] if n % 3 else ["cmn"],
                    about="退休教师，愿意帮助邻里。" if n % 2 else "返乡大学生，愿意为乡亲跑腿。",
                    emergency_contact=f"示例家属 {OFFICE_PHONE}",
                    consent=True,
                    now=now,
                )
        for n, firm in enumerate(self.cast.firms[:3]):
            lawyer = firm.lawyers[0]
            with self.stage.when(-290 + n, 20) as now:
                volunteering.join(
                    actor=lawyer,
                    region=self.towns[522634100000],
                    # The same as in the practice: one person says one thing.
                    skills=lawyer.practitioner.specialties,
                    languages=lawyer.practitioner.languages,
                    about="执业律师。",
                    emergency_contact=f"示例同事 {OFFICE_PHONE}",
                    consent=True,
                    now=now,
                )

    # Calls

    def call(
        self,
        *,
        made: int,
        kind: str,
        title: str,
        title_en: str,
        town: int,
        shifts: list[tuple[datetime, datetime, int]],
        credential: str = "",
        languages: tuple[str, ...] = ("hmu",),
        subsidised: bool = False,
        host: Organisation | None = None,
    ) -> Opportunity:
        organiser, actor = self.cast.association, self.cast.coordinator
        with self.stage.when(made, 9) as now:
            call = volunteering.create_opportunity(
                actor=actor,
                organiser=organiser,
                host=host or organiser,
                kind=kind,
                title=title,
                title_en=title_en,
                description=f"{_TASKS[kind][0]}请提前十五分钟到场，着志愿者马甲；疑难问题记录下来，转县公共法律服务中心。",
                description_en=f"{_TASKS[kind][1]} Please come a quarter of an hour early and wear the volunteer vest; hard questions are noted and passed to the county public legal service centre.",
                region=self.towns[town],
                meeting_point=f"{self.towns[town].name}便民服务中心一楼大厅（示例）",
                meeting_point_en=f"Hall on the ground floor of the citizens' service centre, {self.towns[town].name_en} (sample)",
                contact_phone=OFFICE_PHONE,
                shifts=[NewShift(*s) for s in shifts],
                required_credential=credential,
                languages=languages,
                subsidised=subsidised,
                now=now,
            )
            return volunteering.open_opportunity(actor=actor, opportunity=call, now=now)

    def past(self) -> None:
        """A market-day consultation each month; who came reported the time, and the association confirmed it."""
        towns = (522634101000, 522634104000, 522634203000, 522634102000, 522634103000)
        people = self.cast.volunteers
        for month in range(9):
            day = -260 + month * 28
            town = towns[month % len(towns)]
            start, end = self.stage.at(day, 9), self.stage.at(day, 13)
            name = self.towns[town].name
            call = self.call(
                made=day - 12,
                kind="duty",
                title=f"{name}赶集日法律咨询",
                title_en=f"Legal advice on market day, {self.towns[town].name_en}",
                town=town,
                shifts=[(start, end, 6)],
            )
            shift = call.shifts.get()
            helpers = [people[0], people[1], *(people[2 + (month * 3 + k) % 14] for k in range(3))]
            self._serve(shift, helpers, missing=people[5] if month == 4 else None)
        self._hours_of_the_second(people[1])

    def _hours_of_the_second(self, person: User) -> None:
        """One volunteer interprets at the county centre every week, and earns a star."""
        days = [-7 * n for n in range(36, 1, -1)]
        call = self.call(
            made=-268,
            kind="duty",
            title="县公共法律服务中心苗语翻译",
            title_en="Hmong interpreting at the county centre",
            town=522634100000,
            shifts=[(self.stage.at(d, 14, 30), self.stage.at(d, 17, 30), 2) for d in days],
        )
        for shift in call.shifts.order_by("starts_at"):
            self._serve(shift, [person])

    def _serve(self, shift: Shift, people: list[User], *, missing: User | None = None) -> None:
        call = shift.opportunity
        before, after = shift.starts_at - timedelta(days=4), shift.ends_at + timedelta(minutes=30)
        with clock.rehearse(before):
            places = [sign_ups.sign_up(actor=person, shift=shift, now=before) for person in dict.fromkeys(people)]
        for place in places:
            with clock.rehearse(after):
                came = place.volunteer != missing
                sign_ups.mark_attendance(actor=self.cast.coordinator, sign_up=place, came=came, now=after)
                if not came:
                    continue
                session = timesheets.report_session(
                    actor=place.volunteer,
                    capacity=Capacity.SUBSIDISED if call.subsidised else Capacity.VOLUNTEER,
                    kind=call.kind,
                    region=call.region,
                    host=call.host,
                    subject_kind="volunteers.shift",
                    subject_id=shift.pk,
                    start=shift.starts_at,
                    end=shift.ends_at,
                    summary=_SUMMARY,
                    people_served=6,
                    now=after,
                )
            next_day = timezone.localtime(after + timedelta(days=1)).replace(hour=16, minute=30)
            if next_day < self.stage.at(0, 8):
                with clock.rehearse(next_day):
                    timesheets.confirm_session(actor=self.cast.coordinator, session=session, now=next_day)

    def duty(self) -> None:
        """Lawyers on subsidised legal aid duty: one subsidy is paid, another waits for the officer."""
        lawyers = [firm.lawyers[0] for firm in self.cast.firms[:3]]
        bureau = self.cast.bureau
        for n, lawyer in enumerate(lawyers):
            days = [-120 + 14 * k + n for k in range(5)]
            call = self.call(
                made=-135,
                kind="duty",
                title=f"法律援助值班（第{n + 1}组）",
                title_en=f"Legal aid duty, group {n + 1}",
                town=522634100000,
                shifts=[(self.stage.at(d, 18), self.stage.at(d, 21), 1) for d in days],
                credential="lawyer",
                languages=(),
                subsidised=True,
            )
            for shift in call.shifts.order_by("starts_at"):
                self._serve(shift, [lawyer])
        for n, lawyer in enumerate(lawyers[:2]):
            with self.stage.when(-30 + n * 24, 10) as now:
                claim = payouts.submit_claim(
                    actor=lawyer, payer=bureau.organisation, request_key=self.stage.key(), now=now
                )
                if n == 0:
                    claim = payouts.approve_claim(actor=bureau.officer, claim=claim, now=now + timedelta(days=2))
                    payouts.pay_claim(actor=bureau.finance, claim=claim, now=now + timedelta(days=5))

    def coming(self) -> None:
        """What a visitor finds today: places left, a waiting list, a call that needs a licence."""
        at, people = self.stage.at, self.cast.volunteers
        plans = (
            ("duty", "丹江镇法律咨询日", "Legal advice day in Danjiang", 522634100000, 1, 3, "", 1, ("hmu",)),
            ("duty", "达地乡赶集日法律咨询", "Legal advice on market day in Dadi", 522634203000, 4, 6, "", 4, ("hmu",)),
            ("mediation", "永乐镇婚姻家事调解", "Family mediation in Yongle", 522634102000, 8, 2, "", 4, ("hmu",)),
            ("lecture", "望丰中学普法课", "A law lesson at Wangfeng school", 522634200000, 9, 1, "", 0, ()),
            ("duty", "郎德镇旅游旺季法律服务点", "Legal help desk for visitors in Langde", 522634103000, 11, 3, "", 1, ("hmu",)),
            ("duty", "法律援助值班（年末）", "Legal aid duty at the end of the year", 522634100000, 6, 2, "lawyer", 0, ()),
            ("on_site", "方祥乡老人法律体检", "A legal check-up for older people in Fangxiang", 522634204000, 13, 4, "", 2, ("hmu",)),
        )  # fmt: skip
        for kind, title, title_en, town, day, places, credential, taken, languages in plans:
            call = self.call(
                made=-5,
                kind=kind,
                title=title,
                title_en=title_en,
                town=town,
                shifts=[(at(day, 9), at(day, 12), places)],
                credential=credential,
                languages=languages,
                subsidised=credential == "lawyer",
            )
            shift = call.shifts.get()
            with self.stage.when(-3, 19) as now:
                # The first volunteer comes tomorrow; the second waits in a queue.
                chosen = {1: people[:1], 8: people[6:8] + people[1:2] + people[8:9]}.get(day, people[9:])
                for person in chosen[:taken]:
                    sign_ups.sign_up(actor=person, shift=shift, now=now)
