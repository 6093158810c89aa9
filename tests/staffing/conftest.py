"""The calendar, the law and the product are loaded once a module, beneath the transactions of its tests."""

import pytest
from django.db import transaction

from tests.factories.catalog import make_version
from tests.factories.statutes import load_law


@pytest.fixture(scope="module", autouse=True)
def _law(request, django_db_setup, django_db_blocker):
    if getattr(request.module, "COMMITS", False):
        yield
        return
    with django_db_blocker.unblock(), transaction.atomic():
        load_law()
        make_version("PLS-01")
        yield
        transaction.set_rollback(True)
