from datetime import datetime

import pytest
from django.utils import timezone

from tests.factories.procurement import ensure_law

#: A Monday in a year whose calendar is announced.
NOW = timezone.make_aware(datetime(2026, 9, 7, 10, 0))


@pytest.fixture
def now(at):
    """It is the morning of Monday, 7 September 2026; the law is loaded."""
    ensure_law()
    return at(NOW)
