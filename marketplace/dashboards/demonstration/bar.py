"""Whom a newcomer may act as, and what to try."""

from __future__ import annotations

from marketplace.accounts.models import Membership, User
from marketplace.accounts.personas import Persona, write
from marketplace.procurement.models import Evaluator

from .cast import PASSPHRASE, PASSWORD, Cast


def write_bar(cast: Cast) -> None:
    """Write the list of personas for the bar and for ``make demo``."""
    b, first, second = cast.bureau, cast.firms[0], cast.firms[1]
    village = next(v for v in cast.villages.values() if v.has_usable_password())
    judging = cast.prefecture
    rows: list[tuple[User, str, str, str, str, str]] = [
        (b.officer, "bureau", "经办人", "officer", "起草计划和采购、回答提问、验收", "plans and drafts, answers questions, accepts deliveries"),
        (b.approver, "bureau", "审批人", "approving officer", "审批计划和采购、定标、签约", "approves, decides awards, signs"),
        *(
            (h, "bureau", f"密钥保管人 {n}", f"key-holder {n}", f"截止后解封；口令：{PASSPHRASE}", f"releases a share after the deadline; passphrase: {PASSPHRASE}")
            for n, h in enumerate(b.holders, start=1)
        ),
        (judging.officer, "bureau", "州局经办人", "prefecture officer", "评审进行中的公开招标", "an open tender under evaluation"),
        (judging.approver, "bureau", "州局审批人", "prefecture approving officer", "评审结束后定标", "decides the award after the ranking"),
        (cast.kaili.officer, "bureau", "凯里经办人", "Kaili officer", "结果公告后起草合同", "draws up a contract after the result"),
        (cast.kaili.approver, "bureau", "凯里审批人", "Kaili approving officer", "供应商签署后代表采购人签约", "signs for the buyer after the supplier"),
        (first.bidder, "supplier", "投标负责人", "bid manager", "提问、投标、签约、交付", "asks, bids, signs, delivers"),
        (second.bidder, "supplier", "投标负责人（另一家）", "another bid manager", "已投标，可替换或撤回", "has already bid; may replace or withdraw"),
        (cast.experts[0], "expert", "评审专家", "expert", "抽中后声明、打分", "declares and scores when drawn"),
        (first.lawyers[0], "lawyer", "律师", "lawyer", "接受派驻、到村签到、领取补贴", "accepts villages, checks in, claims a subsidy"),
        (second.lawyers[0], "lawyer", "律师（另一家）", "another lawyer", "查看本人派驻和时长", "sees own villages and hours"),
        (village, "village", "村代表", "village representative", "确认服务、评价顾问", "confirms service, rates the adviser"),
        (cast.volunteers[0], "volunteer", "志愿者", "volunteer", "就近找服务、报名、填时长", "finds a shift near home, signs up, records time"),
        (cast.volunteers[1], "volunteer", "一星志愿者", "volunteer with a star", "候补中，查看时长和星级", "on a waiting list; hours and star"),
        (cast.coordinator, "volunteer", "志愿服务协调员", "volunteer coordinator", "发起招募、登记到场", "makes calls, records attendance"),
        (b.finance, "finance", "财务", "finance officer", "预算、付款、补贴", "budget, payments, subsidies"),
        (cast.supervisor, "supervisor", "监督人", "supervisor", "留痕查询、争议裁定、审核资格", "audit trail, disputes, credentials"),
        (cast.staff, "supervisor", "网站工作人员", "site staff", "登记放假安排、核对法定数值、更正村的位置", "enters holidays, checks statutory figures, corrects village positions"),
        (cast.editor, "editor", "目录编辑", "catalogue editor", "修改产品并提交评审", "edits a product and asks for review"),
        (cast.reviewer, "editor", "目录评审人", "catalogue reviewer", "评审他人的修改", "reviews another's change"),
    ]  # fmt: skip
    rows += [(user, "expert", *words) for user, words in judging_seats(cast)]
    write(_persona(*row) for row in {r[0].pk: r for r in rows}.values())


def judging_seats(cast: Cast) -> list[tuple[User, tuple[str, str, str, str]]]:
    """The members of the prefecture's panel who have not handed in."""
    seats = Evaluator.objects.filter(
        tender__organisation=cast.prefecture.organisation, state__in=["drawn", "declared"]
    ).select_related("user")
    words = {
        "drawn": (
            "评审专家（待声明）",
            "expert, drawn",
            "声明无利害关系后才能看标",
            "declares first, then sees the bids",
        ),
        "declared": ("评审专家（打分中）", "expert, scoring", "检查打分并提交", "checks the scores and submits them"),
    }
    return [(seat.user, words[seat.state]) for seat in seats.order_by("pk")]


def _persona(user: User, group: str, words: str, words_en: str, hint: str, hint_en: str) -> Persona:
    membership = (
        Membership.objects.filter(user=user, state="active").select_related("organisation").order_by("pk").first()
    )
    organisation = membership.organisation if membership else None
    return Persona(
        username=user.username,
        password=PASSWORD,
        label=f"{user.display_name} · {words}",
        label_en=f"{user.display_name_en} · {words_en}",
        group=group,
        organisation=organisation.name if organisation else "",
        organisation_en=organisation.name_en if organisation else "",
        hint=hint,
        hint_en=hint_en,
    )
