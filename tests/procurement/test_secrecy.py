"""Before the opening nobody reads a bid, and nobody learns that there is one."""

import base64
import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.urls import reverse

from marketplace.accounts.models import Role
from marketplace.audit import selectors as audit
from marketplace.core import search, workspace
from marketplace.procurement import services_bidding
from marketplace.procurement.bid_content import Attachment, TeamMember
from marketplace.procurement.models import BidDraft
from tests.factories.accounts import make_member, make_user
from tests.factories.procurement import PDF, a_bid, bureau_of, make_bid, make_supplier, make_tender

pytestmark = pytest.mark.django_db

CANARY = "CANARY7f3a91"


def forms_of(text):
    """How a text may hide in a dump: plain, hex of bytea, base64 at its three offsets."""
    raw = text.encode()
    shifted = [base64.b64encode(b"\x00" * n + raw).decode()[(0, 2, 3)[n] : -4] for n in range(3)]
    return [text, raw.hex(), *shifted]


def dump():
    """Every value of every table as text, as pg_dump would write it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608
            yield table, "\n".join(row[0] for row in cursor.fetchall())


def hits(texts):
    return [where for where, text in texts for form in forms_of(CANARY) if form in text]


@pytest.fixture
def tender(now):
    return make_tender(now=now)


def plant(tender, supplier, bidder, now):
    """A draft and a sealed bid that say the canary in every field."""
    lot = tender.lots.get(number=1)
    services_bidding.save_draft(
        actor=bidder, lot=tender.lots.get(number=2), supplier=supplier, values={"note": CANARY}, now=now
    )
    draft = BidDraft.objects.get()
    services_bidding.attach_files(actor=bidder, draft=draft, files=[(f"{CANARY}.pdf", PDF + CANARY.encode())], now=now)
    content = a_bid(
        lot, legal_representative=CANARY, contact_name=CANARY, contact_phone=CANARY, note=CANARY, text=CANARY,
        team=(TeamMember(CANARY, CANARY, CANARY),),
    )  # fmt: skip
    fields = {name: getattr(content, name) for name in content.__dataclass_fields__}
    fields["attachments"] = (Attachment(f"{CANARY}.pdf", PDF + CANARY.encode()),)
    return make_bid(lot, supplier, bidder, content=type(content)(**fields), now=now)


def test_a_planted_canary_is_nowhere(tender, now, caplog):
    supplier, bidder = make_supplier()
    caplog.set_level("DEBUG")
    with caplog.at_level("DEBUG", logger="django.db.backends"):
        plant(tender, supplier, bidder, now)
    assert hits(dump()) == []
    assert hits([("mail", str(m.message())) for m in mail.outbox]) == []
    assert hits([("cache", repr(vars(cache)))]) == []
    assert hits([("log", "\n".join(r.getMessage() for r in caplog.records if r.name != "django.db.backends"))]) == []


def test_the_scan_would_find_it(tender, now):
    """The proof has teeth: a plain field is found in each form."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE plain (a text, b bytea)")
        cursor.execute("INSERT INTO plain VALUES (%s, %s)", [CANARY, CANARY.encode()])
        cursor.execute("SELECT t::text FROM plain t")
        text = cursor.fetchone()[0]
    assert hits([("plain", text)]) == ["plain", "plain"]
    for n in range(3):
        assert hits([("64", base64.b64encode(b"x" * n + CANARY.encode() + b"yyyy").decode())])


def seen(response):
    """All of a response but what differs at every request."""
    text = re.sub(
        r'(name="(?:csrfmiddlewaretoken|request_key)" value=|"x-csrftoken": )"[^"]+"', "", response.getvalue().decode()
    )
    headers = {k: v for k, v in response.headers.items() if k not in ("Set-Cookie", "Content-Length")}
    return response.status_code, headers, text


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_nobody_else_sees_any_difference(tender, now, client_for, language):
    """Bytes, headers, lists, files, searches and desks of everybody else stay as they were when bids come in."""
    bureau = bureau_of(tender)
    supervisor = make_member(Role.SUPERVISOR, bureau.organisation)
    root = make_user(is_superuser=True, is_staff=True)
    _other, rival = make_supplier()
    supplier, bidder = make_supplier()
    people = [None, bureau.officer, bureau.approver, bureau.holders[0], bureau.finance, supervisor, root, rival]
    addresses = [
        reverse("procurement:index"), reverse("procurement:index") + "?stage=open", reverse("procurement:index_csv"),
        reverse("procurement:tender", args=[tender.pk]), reverse("audit:search"), reverse("audit:search") + "?format=csv",
        reverse("audit:trail", args=["procurement.tender", tender.pk]), reverse("procurement:tenders"),
    ]  # fmt: skip

    def everything():
        pages = [seen(client_for(p, language=language).get(a)) for p in people for a in addresses]
        desks = [workspace.work_items(p, now) for p in people if p is not None]
        found = [
            search.search(q, p) for p in people if p is not None for q in (tender.reference, supplier.name, CANARY)
        ]
        return pages, desks, found

    before = everything()
    bid = plant(tender, supplier, bidder, now)
    make_bid(tender.lots.get(number=1), supplier, bidder, now=now + timedelta(hours=1))
    services_bidding.withdraw_bid(
        actor=bidder, bid=make_bid(tender.lots.get(number=2), supplier, bidder, now=now), now=now
    )
    assert everything() == before
    for person in people[1:]:
        client = client_for(person)
        for address in (
            reverse("procurement:own_bid", args=[bid.receipt_id]),
            reverse("procurement:receipt_file", args=[bid.receipt_id, "json"]),
            reverse("audit:trail", args=["procurement.bid", bid.pk]),
        ):
            assert client.get(address).status_code == 404, (person, address)
        assert not audit.readable_trail(person, "procurement.bid", bid.pk).exists()
    # Its own supplier reads all of it.
    assert audit.readable_trail(bidder, "procurement.bid", bid.pk).count() == 2
    own = client_for(bidder, language=language)
    assert own.get(reverse("procurement:own_bid", args=[bid.receipt_id])).status_code == 200


def test_another_firm_meets_a_404_everywhere(tender, now, client_for):
    supplier, bidder = make_supplier()
    bid = plant(tender, supplier, bidder, now)
    attachment = BidDraft.objects.get().attachments.get()
    _other, rival = make_supplier()
    client = client_for(rival)
    form = f"/procurement/{tender.pk}/lots/2/bid/"
    for address in (
        f"{form}?supplier={supplier.pk}", f"{form}review/?supplier={supplier.pk}", f"{form}copy.json?supplier={supplier.pk}",
        f"/procurement/bids/{bid.receipt_id}/content.json",
    ):  # fmt: skip
        assert client.get(address).status_code == 404, address
    for address in (
        f"{form}discard/",
        f"{form}files/{attachment.pk}/",
        f"/procurement/bids/{bid.receipt_id}/withdraw/",
    ):
        assert client.post(address, {"supplier": supplier.pk}).status_code == 404, address
    # With the rival's own firm, the other's file is as little there as one that never was.
    own = rival.memberships.get().organisation_id
    answers = {client.post(f"{form}files/{pk}/", {"supplier": own})["Location"] for pk in (attachment.pk, 987654)}
    assert answers == {f"{form}?supplier={own}"}
    attachment.refresh_from_db()
    assert BidDraft.objects.filter(supplier=supplier).exists()
    bid.refresh_from_db()
    assert bid.state == "sealed"
