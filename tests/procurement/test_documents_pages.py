"""What the documents and notices say on their pages: in both languages, how much, where, and each reason once."""

import pytest
from django.urls import reverse

from marketplace.core import clock
from marketplace.procurement import selectors, services_failing, services_tender
from marketplace.procurement.models import Notice, Tender
from tests.factories.accounts import a_credit_code, make_user
from tests.factories.catalog import make_product
from tests.factories.evaluation import after_deadline, release, sealed_tender
from tests.factories.procurement import bureau_of, make_bid, make_plan, make_supplier, make_tender, publish

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"procurement:{name}", args=args)


def lectures(now, *, state="published", **lot):
    """A tender of forty lectures; its lot names no place unless told."""
    tender = make_tender(state="draft", lots=0, plan=make_plan(product=make_product("PLS-03"), now=now), now=now)
    bureau = bureau_of(tender)
    services_tender.add_lot(
        actor=bureau.officer, tender=tender, title="全县", ceiling=tender.plan.amount, quantity=40, seats=2, now=now,
        **{"regions": [], **lot},
    )  # fmt: skip
    if state == "draft":
        return tender
    tender = services_tender.submit_tender(actor=bureau.officer, tender=tender, now=now)
    if state == "submitted":
        return tender
    return publish(services_tender.approve_tender(actor=bureau.approver, tender=tender, now=now), now=now)


@pytest.mark.parametrize(("language", "twin"), [("zh-hans", "en"), ("en", "zh-hans")])
def test_the_approver_reads_both_languages(now, client_for, settings, language, twin):
    settings.MFA_REQUIRED = False
    tender = make_tender(state="submitted", lots=1, now=now)
    Tender.objects.filter(pk=tender.pk).update(
        description="采购村法律顾问。", description_en="Village advisers wanted."
    )
    page = client_for(bureau_of(tender).approver, language=language).get(url("decide", tender.pk)).content.decode()
    own, other = page.split(f'<section id="twin" class="stack" lang="{twin}">')
    chinese, english = (own, other) if language == "zh-hans" else (other, own)
    assert "采购村法律顾问。" in chinese
    assert "第1标段" in chinese
    assert "Village advisers wanted." in english
    assert "Lot 1" in english
    # Every place of the page has its own name.
    assert own.count('id="lot-1"') == 1
    assert other.count('id="twin-lot-1"') == 1


def test_the_approver_is_told_what_has_no_english(now, in_english):
    tender = make_tender(state="draft", lots=1, now=now)
    Tender.objects.filter(pk=tender.pk).update(title_en="", description_en="", qualification_en="Law firms")
    lot = tender.lots.get()
    lot.criteria.filter(position=1).update(guidance_en="")
    tender.refresh_from_db()
    [factor] = lot.criteria.filter(position=1)
    assert selectors.without_english(tender, selectors.lot_views(tender)) == [
        "Title", "Description", f"Lot 1: “{factor.title}”",
    ]  # fmt: skip


def test_a_notice_says_how_much_is_bought_and_where(now, client_for):
    tender = lectures(now)
    notice = Notice.objects.get(tender=tender)
    assert notice.content["lots"][0]["villages"] == [{"code": "522634000000", "name": "雷山县"}]
    for address in (url("notice", tender.pk, notice.pk), url("tender", tender.pk)):
        page = client_for().get(address).content.decode()
        assert "40 席位·工作日、2 个席位" in page
        assert "雷山县" in page
    english = client_for(language="en").get(url("notice", tender.pk, notice.pk)).content.decode()
    assert "40 seat-days, 2 seats" in english


def test_a_bidder_reads_how_much_and_where_beside_the_price(now, client_for):
    tender = lectures(now)
    supplier, bidder = make_supplier()
    client = client_for(bidder)
    for address in (url("bid_start", tender.pk), f"{url('bid', tender.pk, 1)}?supplier={supplier.pk}"):
        page = client.get(address).content.decode()
        assert "40 席位·工作日、2 个席位" in page
        assert "雷山县" in page


def test_who_registers_to_bid_comes_back_to_the_bid(now, client_for):
    tender = make_tender(now=now)
    client = client_for(make_user())
    start = url("bid_start", tender.pk)
    register = f"{reverse('accounts:register')}?next={start}"
    assert register in client.get(start).content.decode()
    typed = {
        "kind": "law_firm", "name": "新溪示例律师事务所", "credit_code": a_credit_code(), "region": "522634000000",
        "address": "示例路9号", "head_name": "罗示例",
    }  # fmt: skip
    assert client.post(register, typed)["Location"] == start
    assert client.get(start).context["rows"]
    elsewhere = client_for(make_user()).post(
        f"{reverse('accounts:register')}?next=https://example.org/", typed | {"credit_code": a_credit_code()}
    )
    assert elsewhere["Location"].endswith("/members/")


def test_lists_say_where_a_lot_without_places_is_served(now):
    tender, by_village = lectures(now), make_tender(lots=0, state="draft", now=now)
    sizes = selectors.sizes_of([tender, by_village])
    assert (str(sizes[tender.pk].area), str(sizes[by_village.pk].area)) == ("雷山县", "")


def test_the_form_of_a_lot_that_names_its_county_keeps_it(now, client_for):
    tender = make_tender(state="draft", lots=0, plan=make_plan(product=make_product("PLS-03"), now=now), now=now)
    county = tender.organisation.region
    services_tender.add_lot(
        actor=tender.drafted_by, tender=tender, title="全县", ceiling=tender.plan.amount, regions=[county], now=now
    )
    form = client_for(tender.drafted_by).get(url("lot", tender.pk, 1)).context["form"]
    assert form.whole == {county.code}
    assert form.villages == set()


def test_a_failure_notice_says_its_reason_once(now, client_for):
    tender, _suppliers = sealed_tender([(270_000,)])
    release(tender)
    later = after_deadline(tender)
    with clock.rehearse(later):
        services_failing.fail_tender(actor=bureau_of(tender).officer, tender=tender, ground="too_few", now=later)
    notice = Notice.objects.get(tender=tender, kind="failure")
    page = client_for(language="en").get(url("notice", tender.pk, notice.pk)).content.decode()
    assert page.count("Fewer than 2 suppliers") == 1


def test_no_tender_is_drawn_up_from_a_plan_that_is_used_up(now, client_for):
    tender = make_tender(state="draft", lots=1, now=now)
    client = client_for(tender.drafted_by)
    address = url("plan_tender", tender.plan_id)
    assert address not in client.get(url("plan", tender.plan_id)).content.decode()
    services_tender.cancel_tender(actor=tender.drafted_by, tender=tender, reason="重来。", now=now)
    assert address in client.get(url("plan", tender.plan_id)).content.decode()


def test_a_plan_offers_only_what_can_be_done(now, client_for):
    tender = make_tender(now=now)
    bureau = bureau_of(tender)
    give_up = url("plan_cancel", tender.plan_id)
    approver, holder = (client_for(p, language="en") for p in (bureau.approver, bureau.holders[0]))
    assert give_up not in approver.get(url("plan", tender.plan_id)).content.decode()
    assert "Nothing for you to do here." in holder.get(url("plan", tender.plan_id)).content.decode()
    services_tender.cancel_tender(actor=bureau.approver, tender=tender, reason="重来。", now=now)
    assert give_up in approver.get(url("plan", tender.plan_id)).content.decode()


def test_a_reason_in_english_is_asked_for_where_it_is_published(now, client_for, settings):
    settings.MFA_REQUIRED = False
    draft = make_tender(state="draft", now=now)
    published = make_tender(now=now)
    page = client_for(draft.drafted_by).get(url("cancel", draft.pk))
    assert list(page.context["form"].fields) == ["reason"]
    assert draft.title in page.content.decode()
    page = client_for(bureau_of(published).approver).get(url("cancel", published.pk))
    assert list(page.context["form"].fields) == ["reason", "reason_en"]


def test_what_was_cancelled_is_called_so_everywhere(now, client_for, in_english):
    tender = make_tender(now=now)
    supplier, bidder = make_supplier()
    bid = make_bid(tender.lots.get(number=1), supplier, bidder)
    services_tender.cancel_tender(actor=bureau_of(tender).approver, tender=tender, reason="经费调整。", now=now)
    notice = Notice.objects.get(tender=tender, kind="failure")
    assert notice.heading == "cancellation notice"
    for address in (url("tender", tender.pk), url("notice", tender.pk, notice.pk)):
        page = client_for(language="en").get(address).content.decode()
        assert "Cancellation notice" in page
        assert "Failure notice" not in page
    own = client_for(bidder, language="en").get(url("own_bid", bid.receipt_id)).content.decode()
    assert f'href="{url("tender", tender.pk)}#notices"' in own
    assert "已终止" in client_for().get(url("tender", tender.pk)).content.decode()
