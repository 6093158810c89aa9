"""The factories play the services: a smoke test of the whole front half."""

from datetime import timedelta

import pytest

from marketplace.core import clock
from marketplace.procurement.models import Notice
from marketplace.procurement.receipts import verify
from tests.factories.procurement import make_bid, make_tender

pytestmark = pytest.mark.django_db


def test_a_tender_is_played_up_to_a_sealed_bid():
    tender = make_tender()
    assert tender.state == "published"
    assert tender.reference.startswith("雷司采磋〔")
    assert Notice.objects.filter(tender=tender, kind="tender").count() == 1
    bid = make_bid(tender.lots.get(number=1), now=clock.now() + timedelta(days=1), files=1)
    assert bid.state == "sealed"
    assert verify(bid.receipt).genuine
