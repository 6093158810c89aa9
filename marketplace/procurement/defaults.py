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


_PRICE = (
    "满足磋商文件要求且评审价格最低的为基准价，得满分；其他按 基准价 ÷ 评审价格 × 分值 计算，保留两位小数。",
    "The lowest valid price is the base and gets full points; others get base ÷ price × points, to two decimals.",
)


def default_criteria(method: str) -> list[CriterionData]:
    """Price, service plan, team, answers to what the place needs, quality control: 100 points together."""
    price = Decimal(20 if method == Method.CONSULTATION else 15)
    return [
        CriterionData(CriterionKind.PRICE, "价格", price, _PRICE[0], "Price", _PRICE[1]),
        CriterionData(
            CriterionKind.JUDGED,
            "服务方案",
            Decimal(100) - price - 45,
            "到村安排、讲座计划、远程答复方式与服务标准逐条对应，可行、具体的得高分；照抄标准、没有安排的得低分。",
            "Service plan",
            "Visits, lectures and remote answers set against every line of the standard: concrete and feasible scores high, "
            "copied text scores low.",
        ),
        CriterionData(
            CriterionKind.JUDGED,
            "服务团队",
            Decimal(20),
            "拟派人员的专业方向、农村和基层服务经历、能使用的当地语言与所服务村的需要相符的程度。",
            "Team",
            "How far the people proposed, their fields, their experience in villages and the languages they speak fit the "
            "villages served.",
        ),
        CriterionData(
            CriterionKind.JUDGED,
            "应急与衔接",
            Decimal(15),
            "顾问请假、离职、突发纠纷时的替补和响应安排，与法律援助、人民调解的衔接办法。",
            "Cover and cooperation",
            "Cover when an adviser is away or leaves, response to sudden disputes, work with legal aid and mediation.",
        ),
        CriterionData(
            CriterionKind.JUDGED,
            "质量管理",
            Decimal(10),
            "服务记录、回访、群众意见处理和内部检查的办法。",
            "Quality control",
            "Records of service, follow-up, handling of people's complaints, internal checks.",
        ),
    ]


def default_qualification(product: ServicePage) -> tuple[str, str]:
    """(Chinese, English): the conditions of 政府采购法 art. 22, and the credential the product's standard names."""
    chinese = [
        "一、具有独立承担民事责任的能力；具有良好的商业信誉和健全的财务会计制度；依法缴纳税收和社会保障资金；",
        "参加本次采购活动前三年内在经营活动中没有重大违法记录（政府采购法第二十二条）。",
    ]
    english = (
        "1. Able to bear civil liability, good credit, sound accounts, taxes and social insurance paid, no serious breach of law "
        "in business within three years (Government Procurement Law, article 22)."
    )
    if product.required_credential == "lawyer":
        chinese.append("\n二、律师事务所持有有效的执业许可证，拟派人员持有有效的律师执业证。")
        english += "\n2. A law firm with a valid practice licence; the people proposed hold valid lawyer's licences."
    elif product.required_credential:
        chinese.append("\n二、拟派人员持有本项服务所要求的有效执业资格。")
        english += "\n2. The people proposed hold the valid qualification that this service asks for."
    chinese.append("\n无需预先入库、登记或购买文件；未在本平台登记的供应商可在投标时免费登记。")
    english += (
        "\nNo prior entry on any register and no purchase of documents is needed; registering when bidding is free."
    )
    return "".join(chinese), english
