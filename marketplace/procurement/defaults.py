"""What a new tender begins with: the usual criteria and conditions, for the officer to change."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from catalog.pages import ServicePage

from .models_tender import CriterionKind, Method


@dataclass(frozen=True, slots=True)
class CriterionData:
    """One factor as an officer enters it."""

    kind: str
    title: str
    points: Decimal
    guidance: str
    title_en: str = ""
    guidance_en: str = ""


#: By whether it is an open tender: each method has its own name for the base (令87 art. 55, 财库〔2014〕214号 art. 24).
_PRICE = {
    True: "满足招标文件要求且评审价格最低的为评标基准价，得满分；其他按 评标基准价 ÷ 评审价格 × 分值 计算，保留两位小数。",
    False: "满足磋商文件要求且评审价格最低的为磋商基准价，得满分；其他按 磋商基准价 ÷ 评审价格 × 分值 计算，保留两位小数。",
}
_PRICE_EN = (
    "The lowest valid price is the base and gets full points; others get base ÷ price × points, to two decimals."
)
#: Service plan, team, cover, quality control, in the words that every service can be judged by.
_ANY_SERVICE = (
    (
        "服务方案",
        "人员安排、服务方式、时间进度与服务标准逐条对应，可行、具体的得高分；照抄标准、没有安排的得低分。",
        "Service plan",
        (
            "People, ways of working and timetable set against every line of the standard: concrete and feasible scores high, "
            "copied text scores low."
        ),
    ),
    (
        "服务团队",
        "拟派人员的专业方向、从事同类服务的经历、能使用的语言与本项目服务需要相符的程度。",
        "Team",
        (
            "How far the people proposed, their fields, their experience of such services and the languages they speak fit what "
            "is needed here."
        ),
    ),
    (
        "应急与衔接",
        "拟派人员请假、离职或者任务突增时的替补和响应安排，与采购人及有关单位的衔接办法。",
        "Cover and cooperation",
        "Cover when somebody is away or leaves or when work piles up, and how work is tied in with the buyer and others.",
    ),
    (
        "质量管理",
        "服务记录、质量检查、服务对象意见处理和问题整改的办法。",
        "Quality control",
        "Records of service, checks of its quality, handling of complaints, and how problems are put right.",
    ),
)
#: The same where a village has its own adviser.
_BY_VILLAGE = (
    (
        "服务方案",
        "到村安排、讲座计划、远程答复方式与服务标准逐条对应，可行、具体的得高分；照抄标准、没有安排的得低分。",
        "Service plan",
        (
            "Visits, lectures and remote answers set against every line of the standard: concrete and feasible scores high, "
            "copied text scores low."
        ),
    ),
    (
        "服务团队",
        "拟派人员的专业方向、农村和基层服务经历、能使用的当地语言与所服务村的需要相符的程度。",
        "Team",
        (
            "How far the people proposed, their fields, their experience in villages and the languages they speak fit the "
            "villages served."
        ),
    ),
    (
        "应急与衔接",
        "顾问请假、离职、突发纠纷时的替补和响应安排，与法律援助、人民调解的衔接办法。",
        "Cover and cooperation",
        "Cover when an adviser is away or leaves, response to sudden disputes, work with legal aid and mediation.",
    ),
    (
        "质量管理",
        "服务记录、回访、群众意见处理和内部检查的办法。",
        "Quality control",
        "Records of service, follow-up, handling of people's complaints, internal checks.",
    ),
)


def default_criteria(method: str, *, by_village: bool) -> list[CriterionData]:
    """Price, service plan, team, cover, quality control: 100 points together.

    ``by_village``: the product has one post a village, so that visits and lectures there can be asked about.
    """
    price = Decimal(15 if method == Method.OPEN else 20)
    points = (Decimal(100) - price - 45, Decimal(20), Decimal(15), Decimal(10))
    judged = _BY_VILLAGE if by_village else _ANY_SERVICE
    return [
        CriterionData(CriterionKind.PRICE, "价格", price, _PRICE[method == Method.OPEN], "Price", _PRICE_EN),
        *(
            CriterionData(CriterionKind.JUDGED, title, worth, guidance, title_en, guidance_en)
            for worth, (title, guidance, title_en, guidance_en) in zip(points, judged, strict=True)
        ),
    ]


def default_qualification(product: ServicePage) -> tuple[str, str]:
    """(Chinese, English): the conditions of 政府采购法 art. 22, and the credential the product's standard names."""
    conditions = [
        (
            (
                "具有独立承担民事责任的能力；具有良好的商业信誉和健全的财务会计制度；具有履行合同所必需的设备和专业技术能力；"
                "有依法缴纳税收和社会保障资金的良好记录；参加本次采购活动前三年内在经营活动中没有重大违法记录；"
                "符合法律、行政法规规定的其他条件（政府采购法第二十二条）。"
            ),
            (
                "Able to bear civil liability; of good credit, with sound accounts; with the equipment and skills that the "
                "contract needs; taxes and social insurance paid; no serious breach of law in business within three years; what "
                "other laws and regulations ask for (Government Procurement Law, article 22)."
            ),
        )
    ]
    if product.required_credential == "lawyer":
        conditions.append(
            (
                "律师事务所持有有效的执业许可证，拟派人员持有有效的律师执业证。",
                "A law firm with a valid practice licence; the people proposed hold valid lawyer's licences.",
            )
        )
    elif product.required_credential:
        conditions.append(
            (
                "拟派人员持有本项服务所要求的有效执业资格。",
                "The people proposed hold the valid qualification that this service asks for.",
            )
        )
    numbered = len(conditions) > 1
    chinese = [f"{'一二'[n]}、{text}" if numbered else text for n, (text, _) in enumerate(conditions)]
    english = [f"{n}. {text}" if numbered else text for n, (_, text) in enumerate(conditions, start=1)]
    chinese.append("无需预先入库、登记或购买文件；未在本平台登记的供应商可在参加时免费登记。")
    english.append(
        "No prior entry on any register and no purchase of documents is needed; registering when bidding is free."
    )
    return "\n".join(chinese), "\n".join(english)
