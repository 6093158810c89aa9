"""The product is made once a module, beneath the transactions of its tests."""

import pytest
from django.db import transaction

from tests.factories.catalog import make_version


@pytest.fixture(scope="module", autouse=True)
def _product(request, django_db_setup, django_db_blocker):
    if getattr(request.module, "COMMITS", False):
        yield
        return
    with django_db_blocker.unblock(), transaction.atomic():
        make_version("PLS-01")
        yield
        transaction.set_rollback(True)
