"""Each page of opening and judging speaks in the words of the tender's method and cites its law."""

from __future__ import annotations

import pytest
from django.urls import reverse

from marketplace.accounts.models import Organisation
from marketplace.procurement.models import Evaluator, OpenedBid, Tender
from tests.factories.evaluation import (
    after_deadline,
    draw,
    evaluated_tender,
    fill_sheet,
    judged_tender,
    make_expert,
    open_tender,
    qualify_all,
    sealed_tender,
)
from tests.factories.procurement import bureau_of, make_bureau, make_plan

pytestmark = pytest.mark.django_db


def to(name: str, tender: Tender, *args: object) -> str:
    return reverse(f"procurement:{name}", args=[tender.pk, *args])


@pytest.fixture(autouse=True)
def _no_second_factor(settings) -> None:
    settings.MFA_REQUIRED = False


@pytest.mark.parametrize(
    ("method", "panel", "paper", "bidder", "end"),
    [
        ("open", "评标委员会", "投标文件", "投标人", "废标"),
        ("consultation", "磋商小组", "响应文件", "供应商", "终止采购"),
    ],
)
def test_pages_speak_in_the_words_of_their_method(client_for, at, method, panel, paper, bidder, end) -> None:
    tender = judged_tender(plan=make_plan(method=method), prices=[(270_000, 288_000, 299_000)])
    officer = client_for(bureau_of(tender).officer, language="zh-hans")
    assert f"<h1>{panel}</h1>" in officer.get(to("panel", tender)).content.decode()
    assert f"<h1>{paper}审查</h1>" in officer.get(to("check", tender)).content.decode()
    fail = officer.get(to("fail", tender)).content.decode()
    assert f"<h1>{end}</h1>" in fail
    assert f'data-confirm="确定{end}吗？此操作无法撤销。">{end}</button>' in fail
    at(after_deadline(tender, hours=1))
    assert f'href="{to("fail", tender)}">{end}</a>' in officer.get(to("tender", tender)).content.decode()
    for table in ("opening_csv", "results_csv"):
        header = b"".join(officer.get(to(table, tender)).streaming_content).decode("utf-8-sig").splitlines()[0]
        assert bidder in header.split(",")
    bid = OpenedBid.objects.first().bid
    own = client_for(bid.submitted_by, language="zh-hans").get(reverse("procurement:own_bid", args=[bid.receipt_id]))
    assert f"第 1 标段：本单位的{paper}" in own.content.decode()
    assert f"{panel}正在评审" in own.content.decode()


@pytest.mark.parametrize(
    ("method", "paper", "bidder", "law", "other"),
    [("open", "投标文件", "投标人", "87号令", "214号"), ("consultation", "响应文件", "供应商", "214号", "87号令")],
)
def test_a_member_judges_by_the_words_and_the_law_of_the_method(
    client_for, at, method, paper, bidder, law, other
) -> None:
    tender, [suppliers] = sealed_tender([(270_000, 288_000, 299_000)], plan=make_plan(make_bureau(), method=method))
    for _ in range(5):
        make_expert()
    Organisation.objects.filter(pk=suppliers[0].pk).update(head_name="蔡示例")
    Organisation.objects.filter(pk=suppliers[1].pk).update(head_name="")
    tender = open_tender(tender)
    qualify_all(tender)
    seat = draw(tender)[0]
    at(after_deadline(tender, hours=3))
    member = client_for(seat.user, language="zh-hans")
    judge, listed = to("judge", tender), reverse("procurement:judging")
    page = member.get(judge).text
    assert f"作出声明，查看{paper}" in page
    assert f"本人与上述{bidder}均无利害关系" in page
    # Whose kin one is not can only be declared of heads who are named.
    assert "负责人：蔡示例" in page
    assert "负责人未登记，请向采购人核实" in page
    assert tender.organisation.phone in page
    assert "待声明" in page
    assert "待声明" in member.get(listed).text
    member.post(to("declare", tender), {"free": "on", "alone": "on"})
    seat.refresh_from_db()
    assert paper in seat.declaration
    page = member.get(judge).text
    assert law in page
    assert other not in page
    assert "待提交评分" in member.get(listed).text
    fill_sheet(seat)
    assert "修改评分" in member.get(judge).text
    member.post(to("submit_scores", tender))
    page = member.get(judge).text
    assert "待提交评分" not in page
    assert "待提交评分" not in member.get(listed).text
    sheet = member.get(to("sheet", tender, 1)).text
    assert 'id="kept"' not in sheet


@pytest.mark.parametrize(("method", "law", "other"), [("open", "87号令", "214号"), ("consultation", "214号", "87号令")])
def test_opening_and_ranking_cite_the_law_of_the_method(client_for, at, method, law, other) -> None:
    tender = evaluated_tender(plan=make_plan(make_bureau(), method=method), prices=[(270_000, 288_000, 299_000)])
    at(after_deadline(tender, hours=7))
    client = client_for(Evaluator.objects.filter(tender=tender)[0].user, language="zh-hans")
    for name in ("opening", "results"):
        page = client.get(to(name, tender)).text
        assert law in page, name
        assert other not in page, name
    # The way back of a member leads to where the member came from.
    assert f'href="{reverse("procurement:judging")}"' in page
    assert reverse("procurement:judging") not in client_for(bureau_of(tender).approver).get(to("results", tender)).text
