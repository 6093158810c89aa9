from datetime import datetime

import pytest
from django.utils import timezone

#: A Monday in a year whose calendar is announced.
NOW = timezone.make_aware(datetime(2026, 9, 7, 10, 0))


@pytest.fixture
def now(at):
    """It is the morning of Monday, 7 September 2026."""
    return at(NOW)
