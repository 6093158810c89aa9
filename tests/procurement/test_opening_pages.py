"""Pages of the opening: nobody opens early, shares, the record, and lots with too few bidders."""

from __future__ import annotations

import pytest
from django.urls import reverse

from marketplace.accounts.models import Role
from marketplace.procurement.models import Bid, Tender
from tests.factories.accounts import make_member, make_user
from tests.factories.evaluation import (
    after_deadline,
    open_tender,
    release,
    sealed_tender,
)
from tests.factories.procurement import PASSPHRASE, bureau_of, make_plan

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


def test_before_the_deadline_nobody_finds_a_way_to_open(client_for, at, language) -> None:
    tender, suppliers = sealed_tender()
    at(tender.published_at)
    bureau = bureau_of(tender)
    for person in (None, bureau.officer, bureau.holders[0], make_user(is_superuser=True)):
        page = client_for(person, language=language).get(to("opening", tender))
        assert page.status_code == 200
        text = page.content.decode()
        assert "opening/release/" not in text
        assert "opening/open/" not in text
        assert suppliers[0][0].name not in text
    assert client_for(bureau.officer).get(to("check", tender)).status_code == 404
    client = client_for(bureau.holders[0])
    answer = client.post(to("release_share", tender), {"passphrase": PASSPHRASE})
    assert answer.status_code == 200
    assert not tender.key_shares.filter(released_at__isnull=False).exists()
    client.post(to("open_bids", tender))
    assert Tender.objects.get(pk=tender.pk).state == "published"


def test_the_count_of_bids_shows_nowhere_before_the_opening(client_for, at) -> None:
    one, _ = sealed_tender([(270_000,) * 4])
    two, _ = sealed_tender([(270_000,) * 2])
    at(after_deadline(one))
    bodies = []
    for tender in (one, two):
        text = client_for(bureau_of(tender).officer).get(to("opening", tender)).content.decode()
        for varying in (tender.reference, f"/{tender.pk}/", *(str(h) for h in bureau_of(tender).holders)):
            text = text.replace(varying, "·")
        bodies.append(len(text.split("<main")[1].split("</main")[0]))
    assert abs(bodies[0] - bodies[1]) < 40  # tokens differ in length by a few characters


def test_shares_are_released_and_bids_opened_by_the_pages(client_for, at, language) -> None:
    tender, suppliers = sealed_tender()
    at(after_deadline(tender))
    bureau = bureau_of(tender)
    holder = client_for(bureau.holders[0], language=language)
    wrong = holder.post(to("release_share", tender), {"passphrase": "wrong horse battery"})
    assert wrong.status_code == 200
    assert b"wrong horse" not in wrong.content
    assert not tender.key_shares.filter(released_at__isnull=False).exists()
    for person in bureau.holders[:2]:
        answer = client_for(person).post(to("release_share", tender), {"passphrase": PASSPHRASE})
        assert answer.status_code == 302
    assert (
        client_for(make_member(Role.KEY_HOLDER, bureau.organisation))
        .post(to("release_share", tender), {"passphrase": PASSPHRASE})
        .status_code
        == 404
    )
    officer = client_for(bureau.officer, language=language)
    assert "opening/open/" in officer.get(to("opening", tender)).content.decode()
    assert officer.post(to("open_bids", tender)).status_code == 302
    assert Tender.objects.get(pk=tender.pk).state == "opened"
    seen = officer.get(to("opening", tender)).content.decode()
    assert suppliers[0][0].name_en in seen or suppliers[0][0].name in seen
    public = client_for(language=language).get(to("opening", tender)).content.decode()
    assert suppliers[0][0].name not in public
    assert suppliers[0][0].name_en not in public
    assert str(Bid.objects.first().digest) in public
    csv = b"".join(client_for().get(to("opening_csv", tender)).streaming_content).decode()
    assert "270000" not in csv
    assert Bid.objects.first().digest in csv


def test_in_an_open_tender_names_and_prices_are_public(client_for) -> None:
    tender, suppliers = sealed_tender(plan=make_plan(method="open"))
    open_tender(tender)
    text = client_for().get(to("opening", tender)).content.decode()
    assert suppliers[0][0].name in text
    assert "¥270,000" in text


def test_a_short_lot_leads_to_the_failure_page(client_for, at, language) -> None:
    tender, _ = sealed_tender([(270_000,)])
    at(after_deadline(tender))
    release(tender)
    officer = client_for(bureau_of(tender).officer, language=language)
    text = officer.get(to("opening", tender)).content.decode()
    assert to("fail", tender) in text
    assert "opening/open/" not in text
    page = officer.get(to("fail", tender))
    assert page.status_code == 200
    assert b'value="unlawful"' not in page.content
    assert officer.post(to("fail", tender), {"ground": "over_budget"}).status_code == 200
    assert officer.post(to("fail", tender), {"ground": "too_few"}).status_code == 302
    assert Tender.objects.get(pk=tender.pk).state == "failed"
    text = client_for(language=language).get(to("tender", tender)).content.decode()
    assert Tender.objects.get(pk=tender.pk).failure_reason in text or "Fewer than 2" in text
    notice = tender.notices.get(kind="failure")
    assert client_for(language=language).get(to("notice", tender, notice.pk)).status_code == 200
    assert client_for(make_member(Role.OFFICER)).get(to("fail", tender)).status_code == 404


def test_a_key_holder_is_offered_no_failure_that_he_may_not_declare(client_for, at, language) -> None:
    tender, _ = sealed_tender([(270_000,)])
    release(tender)
    at(after_deadline(tender))
    bureau = bureau_of(tender)
    failing = to("fail", tender)
    holder, officer = (client_for(person, language=language) for person in (bureau.holders[0], bureau.officer))
    assert failing not in holder.get(to("opening", tender)).content.decode()
    assert holder.get(failing).status_code == 404
    assert failing in officer.get(to("opening", tender)).content.decode()
    # There are no prices yet that could be above the budget.
    grounds = dict(officer.get(failing).context["form"].fields["ground"].choices)
    assert list(grounds) == ["too_few"]
    approver = client_for(bureau.approver, language=language)
    assert list(dict(approver.get(failing).context["form"].fields["ground"].choices)) == [
        "too_few", "unlawful", "cancelled",
    ]  # fmt: skip
