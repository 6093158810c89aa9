"""The pages of the later stages: who finds what, before and after each step, in both languages."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import override

from marketplace.accounts.models import Role
from marketplace.core.words import full_words
from marketplace.procurement import services_award, services_evaluation, services_failing, services_opening
from marketplace.procurement.models import Award, Bid, Evaluator, LotFailure, OpenedBid, Score, Tender
from marketplace.procurement.selectors_evaluation import scored_criteria, valid_bids
from tests.factories.accounts import make_member, make_user
from tests.factories.contracts import make_contract
from tests.factories.evaluation import (
    after_deadline,
    awarded_tender,
    bids_of,
    declare_all,
    declared_tender,
    draw,
    evaluated_tender,
    fill_sheet,
    judged_tender,
    make_expert,
    open_tender,
    qualify_all,
    release,
    score_all,
    sealed_tender,
)
from tests.factories.procurement import PASSPHRASE, bureau_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_second_factor(settings) -> None:
    settings.MFA_REQUIRED = False


def to(name: str, tender: Tender, *args: object) -> str:
    return reverse(f"procurement:{name}", args=[tender.pk, *args])


@pytest.fixture(params=["zh-hans", "en"])
def language(request) -> str:
    return str(request.param)


def statuses(client_for, people: dict, url: str) -> dict[str, int]:
    return {name: client_for(person).get(url).status_code for name, person in people.items()}


def test_the_check_by_page(client_for, at, language) -> None:
    tender, _ = sealed_tender([(100_000, 280_000, 290_000)])
    tender = open_tender(tender)
    at(after_deadline(tender, hours=2))
    officer = client_for(bureau_of(tender).officer, language=language)
    low, middle, high = OpenedBid.objects.order_by("price")
    url = to("check", tender)
    assert officer.get(url).status_code == 200

    def post(bid, verdict, **kw):
        data = {"bid": bid.pk, f"b{bid.pk}-verdict": verdict, **{f"b{bid.pk}-{k}": v for k, v in kw.items()}}
        return officer.post(url, data)

    assert post(low, "yes").status_code == 200
    assert OpenedBid.objects.get(pk=low.pk).qualified is None
    assert post(low, "yes", price_explanation="人员就近派驻。").status_code == 302
    assert post(middle, "no", code="unqualified").status_code == 200
    assert post(middle, "no", code="unqualified", reason="许可证已过期").status_code == 302
    assert post(high, "yes").status_code == 302
    assert dict(OpenedBid.objects.values_list("pk", "qualified")) == {low.pk: True, middle.pk: False, high.pk: True}
    assert officer.get(to("opened_bid", tender, low.pk)).status_code == 200
    file = low.files.get()
    got = officer.get(to("opened_file", tender, low.pk, file.position))
    assert got.content == bytes(file.data)
    assert got["Content-Disposition"].startswith("attachment")
    bureau = bureau_of(tender)
    for person in (
        None,
        bureau.holders[0],
        bureau.finance,
        make_member(Role.OFFICER),
        middle.bid.submitted_by,
        make_expert(),
    ):
        for address in (url, to("opened_bid", tender, low.pk), to("opened_file", tender, low.pk, file.position)):
            assert client_for(person).get(address).status_code in (302, 404)


def test_panel_and_declaration_by_page(client_for, at, language) -> None:
    tender, suppliers = sealed_tender()
    for _ in range(5):
        make_expert()
    tender = open_tender(tender)
    qualify_all(tender)
    at(after_deadline(tender, hours=3))
    officer = client_for(bureau_of(tender).officer, language=language)
    url = to("panel", tender)
    assert officer.get(url).status_code == 200
    assert officer.post(url, {"experts_needed": 2}).status_code == 200
    assert not Evaluator.objects.exists()
    assert officer.post(url, {"experts_needed": 3}).status_code == 302
    seats = list(Evaluator.objects.order_by("pk"))
    text = officer.get(url).content.decode()
    assert all((s.user.display_name if language == "zh-hans" else s.user.display_name_en) in text for s in seats)
    for person in (
        bureau_of(tender).holders[0],
        seats[0].user,
        make_member(Role.OFFICER),
        suppliers[0][0].memberships.first().user,
    ):
        assert client_for(person).get(url).status_code == 404

    member = client_for(seats[0].user, language=language)
    judge = to("judge", tender)
    bid = OpenedBid.objects.first()
    before = member.get(judge).content.decode()
    assert bid.bid.supplier.name in before or bid.bid.supplier.name_en in before
    assert "270,000" not in before
    assert member.get(to("opened_bid", tender, bid.pk)).status_code == 404
    assert member.get(to("sheet", tender, 1)).status_code == 302
    assert client_for(make_expert()).get(judge).status_code == 404
    assert member.post(to("declare", tender), {"free": "on"}).status_code == 200
    assert member.post(to("declare", tender), {"free": "on", "alone": "on"}).status_code == 302
    seat = Evaluator.objects.get(pk=seats[0].pk)
    assert seat.state == "declared"
    assert "本人" in seat.declaration or "I have no interest in or tie" in seat.declaration
    assert "270,000" in member.get(judge).content.decode()
    read = member.get(to("opened_bid", tender, bid.pk))
    assert read.status_code == 200
    # Who calls a bidder is the buyer, not the panel.
    assert bid.contact_phone not in read.content.decode()
    assert bid.contact_phone in officer.get(to("opened_bid", tender, bid.pk)).content.decode()
    assert member.get(to("panel", tender)).status_code == 404
    assert member.get(reverse("procurement:judging")).status_code == 200

    other = client_for(seats[1].user, language=language)
    assert other.post(to("recuse", tender), {"reason": ""}).status_code == 200
    assert other.post(to("recuse", tender), {"reason": "亲属在投标人处任职"}).status_code == 302
    assert other.get(judge).status_code == 200
    assert other.get(to("opened_bid", tender, bid.pk)).status_code == 404
    assert officer.post(to("recuse_member", tender, seats[2].pk), {"reason": "未到场"}).status_code == 302
    assert Evaluator.objects.filter(state="recused").count() == 2
    assert Evaluator.objects.exclude(state="recused").count() == 3


def test_a_sheet_by_page_keeps_what_is_right_and_says_what_is_not(client_for, at, language) -> None:
    tender, _ = sealed_tender()
    for _ in range(4):
        make_expert()
    tender = open_tender(tender)
    qualify_all(tender)
    seats = draw(tender)
    declare_all(tender)
    at(after_deadline(tender, hours=5))
    member = client_for(seats[0].user, language=language)
    lot = tender.lots.get()
    first, second, _third = valid_bids(lot)
    one, two, *_rest = scored_criteria(lot)
    url = to("sheet", tender, 1)
    page = member.get(url).content.decode()
    assert page.count('inputmode="decimal"') == 3 * len(scored_criteria(lot))
    data = {
        f"p_{first.pk}_{one.pk}": "12,5",
        f"n_{first.pk}_{one.pk}": "可行",
        f"p_{first.pk}_{two.pk}": "1000",
        f"p_{second.pk}_{one.pk}": "",
    }
    answer = member.post(url, data)
    assert answer.status_code == 200
    assert "1000" in answer.content.decode()
    score = Score.objects.get()
    assert (str(score.points), score.note, score.opened_bid) == ("12.50", "可行", first)
    # By htmx only the line and the totals come back.
    data[f"p_{first.pk}_{two.pk}"] = "5"
    kept = member.post(url, data, headers={"hx-request": "true"})
    text = kept.content.decode()
    assert "<html" not in text
    assert f'id="total-{first.pk}" hx-swap-oob="true">17.5<' in text
    # A reason that would be lost is not taken for kept.
    answer = member.post(url, {f"p_{second.pk}_{two.pk}": "", f"n_{second.pk}_{two.pk}": "经验不足"})
    assert answer.status_code == 200
    assert "经验不足" in answer.content.decode()
    assert Score.objects.count() == 2
    data[f"p_{first.pk}_{two.pk}"] = ""
    assert member.post(url, data).status_code == 302
    assert Score.objects.count() == 1
    assert (
        member.post(
            to("submit_scores", tender), headers={"referer": f"http://testserver{to('judge', tender)}"}
        ).status_code
        == 302
    )
    assert Evaluator.objects.get(pk=seats[0].pk).state == "declared"
    fill_sheet(Evaluator.objects.get(pk=seats[0].pk))
    assert member.post(to("submit_scores", tender)).status_code == 302
    assert Evaluator.objects.get(pk=seats[0].pk).state == "submitted"
    assert "readonly" in member.get(url).content.decode()
    assert member.get(to("results", tender)).status_code == 404


def test_objective_differences_by_page(client_for, at, language) -> None:
    tender = declared_tender(objective=True)
    at(after_deadline(tender, hours=5))
    seats = list(Evaluator.objects.order_by("pk"))
    for number, seat in enumerate(seats):
        fill_sheet(seat, number, lambda member, bid, c: c.points - 1 - (member == 2))
        client = client_for(seat.user, language=language)
        answer = client.post(to("submit_scores", tender))
        if number == 2:
            assert answer.status_code == 200
            assert b'name="stand_by"' in answer.content
            assert client.post(to("submit_scores", tender), {"stand_by": "1"}).status_code == 302
    officer = client_for(bureau_of(tender).officer, language=language)
    text = officer.get(to("results", tender)).content.decode()
    assert "results/reopen/" in text
    assert "results/compute/" not in text
    labels = {"zh-hans": ("退回评分表复核", "计算排名"), "en": ("Send the sheets back", "Compute the ranking")}[
        language
    ]
    said = officer.get(reverse("procurement:tender", args=[tender.pk])).content.decode()
    assert [label in said for label in labels] == [True, False]
    # Who may not send them back reads who does.
    reader = client_for(bureau_of(tender).approver, language="en").get(to("results", tender)).content.decode()
    assert "The procurement officer sends them back." in reader
    assert "results/reopen/" not in reader
    assert officer.post(to("reopen", tender)).status_code == 302
    assert set(Evaluator.objects.values_list("state", flat=True)) == {"declared"}
    panel = client_for(bureau_of(tender).officer, language="en").get(to("panel", tender)).content.decode()
    assert panel.count("for a re-review of objective points") == 3


def test_ranking_decision_and_letters_by_page(client_for, at, language) -> None:
    tender = judged_tender(prices=[(270_000, 288_000, 299_000), (200_000, 210_000)], small={(0, 1)})
    at(after_deadline(tender, hours=6))
    bureau = bureau_of(tender)
    officer = client_for(bureau.officer, language=language)
    assert officer.get(to("results", tender)).status_code == 200
    assert officer.post(to("compute", tender)).status_code == 302
    text = officer.get(to("results", tender)).content.decode()
    assert "÷" in text
    csv = b"".join(officer.get(to("results_csv", tender)).streaming_content).decode()
    assert csv.count("\n") == 1 + Score.objects.count()
    member = client_for(tender.evaluators.first().user, language=language)
    assert member.get(to("results", tender)).status_code == 200
    assert officer.get(to("award", tender)).status_code == 200
    assert officer.post(
        to("award", tender), {"confirm": "on"}, headers={"referer": "http://testserver/"}
    ).status_code in (302, 403)
    assert not Award.objects.exists()
    approver = client_for(bureau.approver, language=language)
    page = approver.get(to("award", tender)).content.decode()
    lots = list(tender.lots.order_by("number"))
    ranked = {lot.pk: list(OpenedBid.objects.filter(bid__lot=lot).order_by("result__rank")) for lot in lots}
    assert f'name="lot_{lots[0].pk}" value="{ranked[lots[0].pk][0].bid_id}"' in page
    other = {"confirm": "on", f"lot_{lots[0].pk}": ranked[lots[0].pk][1].bid_id}
    assert approver.post(to("award", tender), other).status_code == 200
    assert approver.post(to("award", tender), {}).status_code == 200
    assert not Award.objects.exists()
    shown = {"confirm": "on"} | {f"lot_{lot.pk}": ranked[lot.pk][0].bid_id for lot in lots}
    assert approver.post(to("award", tender), shown).status_code == 302
    assert Award.objects.count() == 2
    assert approver.get(to("award", tender)).status_code == 200
    again = approver.post(to("award", tender), shown, headers={"referer": f"http://testserver{to('tender', tender)}"})
    assert again.status_code == 302
    assert Award.objects.count() == 2

    public = client_for(language=language)
    text = public.get(to("tender", tender)).content.decode()
    assert "¥" in text
    assert public.get(to("results", tender)).status_code == 302
    notice = public.get(to("notice", tender, tender.notices.get(kind="result").pk))
    assert notice.status_code == 200
    loser = ranked[lots[0].pk][-1]
    assert loser.bid.supplier.name not in notice.content.decode()
    winner = ranked[lots[0].pk][0].bid.supplier
    assert reverse("accounts:organisation", args=[winner.pk]) in notice.content.decode()
    # What never changes says its year, and no "today".
    with override(language):
        said = full_words(tender.notices.get(kind="result").published_at)
    assert f">{said}</time>" in notice.content.decode()
    for opened in (ranked[lots[0].pk][0], loser):
        own = client_for(opened.bid.submitted_by, language=language)
        url = reverse("procurement:letter", args=[opened.bid.receipt_id])
        assert own.get(url).status_code == 200
        assert own.get(reverse("procurement:letter_pdf", args=[opened.bid.receipt_id])).content.startswith(b"%PDF")
        assert own.get(to("tender", tender)).content.decode().count(url) == 1
    assert (
        client_for(ranked[lots[0].pk][0].bid.submitted_by)
        .get(reverse("procurement:letter", args=[loser.bid.receipt_id]))
        .status_code
        == 404
    )


def test_a_valid_bid_of_a_lot_that_failed_is_not_called_invalid(client_for) -> None:
    tender, _ = sealed_tender([(270_000, 280_000), (200_000, 210_000)])
    for _ in range(5):
        make_expert()
    tender = open_tender(tender)
    valid, invalid = bids_of(tender.lots.get(number=2))
    officer, now = bureau_of(tender).officer, after_deadline(tender, hours=2)
    services_opening.check_qualification(
        actor=officer, opened_bid=invalid, qualified=False, reason="无执业许可证。", now=now
    )
    qualify_all(tender)
    draw(tender)
    declare_all(tender)
    score_all(tender)
    services_evaluation.compute_results(actor=officer, tender=tender, now=after_deadline(tender, hours=6))
    services_award.award_tender(actor=bureau_of(tender).approver, tender=tender, now=after_deadline(tender, hours=30))
    failure = LotFailure.objects.get()

    def letter(opened) -> str:
        client = client_for(opened.bid.submitted_by, language="en")
        return str(client.get(reverse("procurement:letter", args=[opened.bid.receipt_id])).content.decode())

    text = letter(valid)
    assert "Your bid was not found invalid" in text
    assert escape(failure.reason_en) in text
    with override("en"):
        assert full_words(failure.decided_at) in text
    text = letter(invalid)
    assert "your bid was found invalid" in text
    assert "无执业许可证。" in text
    # The bid's own page and the list say how it ended, and lead to the letter.
    client = client_for(valid.bid.submitted_by, language="en")
    own = client.get(reverse("procurement:own_bid", args=[valid.bid.receipt_id])).content.decode()
    assert "lot terminated" in own
    assert reverse("procurement:letter", args=[valid.bid.receipt_id]) in own
    assert "lot terminated" in client.get(reverse("procurement:bids")).content.decode()


def test_the_list_of_bids_says_who_won(client_for) -> None:
    awarded_tender()
    won, lost = (OpenedBid.objects.get(result__rank=rank).bid for rank in (1, 2))
    for bid, word in ((won, "awarded to you"), (lost, "not chosen")):
        client = client_for(bid.submitted_by, language="en")
        assert word in client.get(reverse("procurement:bids")).content.decode()
        assert word in client.get(reverse("procurement:own_bid", args=[bid.receipt_id])).content.decode()


def test_a_bid_of_a_failed_procurement_was_never_opened_and_its_page_says_so(client_for, at) -> None:
    tender, _ = sealed_tender([(270_000,)])
    at(after_deadline(tender))
    release(tender)
    services_failing.fail_tender(
        actor=bureau_of(tender).officer, tender=tender, ground="too_few", now=after_deadline(tender)
    )
    bid = Bid.objects.get()
    text = client_for(bid.submitted_by, language="en").get(f"/procurement/bids/{bid.receipt_id}/").content.decode()
    assert "It was never opened and stays sealed for ever." in text
    assert "Nobody can read the content before the opening" not in text
    assert reverse("procurement:letter", args=[bid.receipt_id]) not in text


def test_letters_of_invalid_bids_and_failed_lots(client_for) -> None:
    tender = awarded_tender()
    bid = OpenedBid.objects.order_by("-result__rank").first()
    url = reverse("procurement:letter", args=[bid.bid.receipt_id])
    text = client_for(bid.bid.submitted_by, language="en").get(url).content.decode()
    assert "Rank" in text
    assert f"{bid.result.total_points:.2f}" in text
    assert client_for(make_user()).get(url).status_code == 404
    assert client_for().get(url).status_code == 302
    assert tender.state == "awarded"


def test_acts_that_count_ask_for_a_second_factor(client_for, at, settings) -> None:
    settings.MFA_REQUIRED = True
    tender, _ = sealed_tender()
    at(after_deadline(tender))
    bureau = bureau_of(tender)
    holder = client_for(bureau.holders[0])
    assert "2fa" in holder.post(to("release_share", tender), {"passphrase": PASSPHRASE}).url
    assert not tender.key_shares.filter(released_at__isnull=False).exists()
    release(tender)
    assert "2fa" in client_for(bureau.officer).post(to("open_bids", tender)).url
    assert "2fa" in client_for(bureau.officer).post(to("fail", tender), {"ground": "too_few"}).url
    assert Tender.objects.get(pk=tender.pk).state == "published"
    ranked = evaluated_tender()
    approver = client_for(bureau_of(ranked).approver)
    assert "2fa" in approver.post(to("award", ranked), {"confirm": "on"}).url
    assert not Award.objects.exists()
    assert client_for(bureau_of(ranked).officer).get(to("award", ranked)).status_code == 200


@pytest.mark.parametrize("name", ["opening", "check", "results", "award"])
def test_pages_ask_a_fixed_number_of_questions(client_for, at, name) -> None:
    counts = []
    for prices in ([(270_000, 280_000)], [(270_000, 280_000, 285_000, 290_000, 295_000)]):
        tender = evaluated_tender(prices=prices)
        at(after_deadline(tender, hours=7))
        client = client_for(bureau_of(tender).officer)
        client.get(to(name, tender))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(to(name, tender)).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_strange_numbers_in_the_decision_are_no_crash(client_for, at) -> None:
    tender = evaluated_tender()
    at(after_deadline(tender, hours=30))
    approver = client_for(bureau_of(tender).approver)
    assert approver.post(to("award", tender), {"lot_²": "³"}).status_code == 200
    assert not Award.objects.exists()


def test_a_firm_reads_its_own_bid_after_the_opening(client_for) -> None:
    tender = judged_tender(prices=[(270_000, 288_000)])
    opened = OpenedBid.objects.first()
    url = reverse("procurement:own_bid", args=[opened.bid.receipt_id])
    page = client_for(opened.bid.submitted_by, language="en").get(url).content.decode()
    assert "What your firm offered" in page
    assert escape(opened.content["contact"]["name"]) in page
    assert all(escape(said["text"][:20]) in page for said in opened.content["responses"])
    assert tender.state == "opened"


def test_the_number_drawn_in_public_is_shown_as_a_part_of_the_seed(client_for) -> None:
    tender, _ = sealed_tender([(270_000, 280_000)])
    for _ in range(5):
        make_expert()
    tender = open_tender(tender)
    qualify_all(tender)
    draw(tender, seed="20140214")
    page = client_for(bureau_of(tender).officer, language="en").get(to("panel", tender)).content.decode()
    assert '<span class="nowrap">20140214</span>' in page
    assert ":20140214" not in page
    assert "a colon and the number drawn in public" in page


def test_a_letter_leads_to_the_contract_only_whom_may_see_a_draft(client_for) -> None:
    """What nobody has signed is known to those who act for a party: for others the link would lead nowhere."""
    contract = make_contract(active=False)
    bid = contract.award.bid
    letter, page = reverse("procurement:letter", args=[bid.receipt_id]), reverse("contracts:detail", args=[contract.pk])
    supplier = [make_member(role, bid.supplier) for role in (Role.BIDDER, Role.ADMIN, Role.LAWYER, Role.FINANCE)]
    buyer = [make_member(role, bid.lot.tender.organisation) for role in (Role.OFFICER, Role.APPROVER)]
    for person in supplier + buyer:
        client = client_for(person)
        shown = f'href="{page}"' in client.get(letter).content.decode()
        assert shown is (client.get(page).status_code == 200)
        assert shown is (person != supplier[-1])
