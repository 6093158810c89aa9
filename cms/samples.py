"""Invented contents of the pattern page, in both languages. Nothing here is data of the site."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.translation import get_language

from marketplace.core import clock
from marketplace.core.forms import MoneyField
from marketplace.core.icons import ICONS


def either(chinese: str, english: str) -> str:
    return english if (get_language() or "").startswith("en") else chinese


@dataclass
class SampleState:
    """Stands in for a model with a state."""

    STATE_TONES: ClassVar = {"open": "go", "judging": "wait", "void": "stop"}
    state: str
    words: str

    def get_state_display(self) -> str:
        return self.words


class SampleForm(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        f = self.fields
        f["title"] = forms.CharField(
            label=either("采购项目名称", "Title of the procurement"),
            help_text=either("公告里会原样显示。", "Shown in the notice as you write it."),
        )
        f["price"] = MoneyField(label=either("最高限价", "Ceiling price"))
        f["closes"] = forms.DateTimeField(
            label=either("投标截止", "Bids close"),
            help_text=either("北京时间，至少在公告后 20 日。", "Beijing time, at least 20 days after the notice."),
        )
        f["start"] = forms.DateField(label=either("服务开始日", "First day of service"), required=False)
        f["method"] = forms.ChoiceField(
            label=either("采购方式", "Method"),
            choices=[
                ("open", either("公开招标", "Open tender")),
                ("negotiation", either("竞争性磋商", "Competitive negotiation")),
                ("single", either("单一来源", "Single source")),
            ],
        )
        f["audience"] = forms.ChoiceField(
            label=either("面向的供应商", "Open to"),
            widget=forms.RadioSelect,
            choices=[
                ("all", either("所有律师事务所", "All law firms")),
                ("small", either("仅小微企业", "Small and micro enterprises only")),
            ],
        )
        f["languages"] = forms.MultipleChoiceField(
            label=either("服务语言", "Languages of service"),
            required=False,
            widget=forms.CheckboxSelectMultiple,
            choices=[
                ("cmn", either("普通话", "Mandarin")),
                ("hmu", either("苗语", "Hmong (Miao)")),
                ("doc", either("侗语", "Dong")),
            ],
        )
        f["reason"] = forms.CharField(label=either("理由", "Reason"), required=False, widget=forms.Textarea)
        f["file"] = forms.FileField(
            label=either("采购文件", "Tender documents"), required=False, help_text="PDF, DOCX, XLSX ≤ 20 MB"
        )
        f["sure"] = forms.BooleanField(
            label=either("我已核对，以上内容属实", "I have checked this and it is true"),
        )


def pattern_context(request: HttpRequest) -> dict[str, Any]:
    now = clock.now()
    empty = SampleForm()
    answers = {"price_0": either("83万", "many"), "price_1": "CNY", "method": "open"}
    refused = SampleForm({f"refused-{name}": value for name, value in answers.items()}, prefix="refused")
    page = Paginator([str(i) for i in range(1, 1040)], 25).get_page(request.GET.get("page", "4"))
    return {
        "now": now,
        "instants": _instants(now),
        "states": [
            SampleState("open", either("投标中", "open for bids")),
            SampleState("judging", either("评审中", "being evaluated")),
            SampleState("published", either("结果公告", "result published")),
            SampleState("void", either("废标", "void")),
        ],
        "form": empty,
        "refused": refused,
        "page": page,
        "amount": 830000,
        "icons": list(ICONS),
        "coverage": [
            ("", either("合同顾问", "adviser under contract"), 150),
            ("v", either("志愿者", "volunteer"), 12),
            ("n", either("空缺", "nobody yet"), 4),
        ],
    }


def _instants(now: datetime) -> list[datetime]:
    return [
        now + timedelta(hours=2),
        now + timedelta(days=1),
        now + timedelta(days=5),
        now + timedelta(days=6, hours=4, minutes=12),
        now + timedelta(days=80),
        now - timedelta(days=1),
    ]
