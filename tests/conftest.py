"""Fixtures that every room's tests share."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone, translation

from marketplace.core import clock, sealing
from tests import founding

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(autouse=True)
def _as_a_stranger_in_chinese() -> Iterator[None]:
    """Every test begins in Chinese, in China's time, with an empty cache."""
    cache.clear()
    with translation.override("zh-hans"), timezone.override("Asia/Shanghai"):
        yield


@pytest.fixture(autouse=True)
def _no_foreign_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but this machine is ever connected to."""
    connect = socket.socket.connect

    def only_here(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"A test tried to connect to {address[0]}.")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_here)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The database as its migrations leave it, before every test, committed or not."""
    with django_db_blocker.unblock():
        founding.keep()
    with founding.restored_after_each_flush():
        yield
    # What a killed worker or a thread left connected must not keep the database from being dropped.
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


@pytest.fixture(scope="session", autouse=True)
def holder_key_cost() -> Iterator[int]:
    """Like passwords, passphrases are stretched less than in production; the cost of production, for who tests it."""
    cost = sealing.HOLDER_KEY_COST
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "HOLDER_KEY_COST", 2**4)
        yield cost


class PlainSpaces(Client):
    """A browser that reads a no-break space as a space: it is there for the eye, and no test compares it by accident."""

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        if not response.streaming and response.get("Content-Type", "").startswith("text/html"):
            response.content = response.content.replace("\N{NO-BREAK SPACE}".encode(), b" ").replace(b"&nbsp;", b" ")
        return response


@pytest.fixture
def client_for() -> Callable[..., Client]:
    """`client_for(user)`: a browser in which `user` is logged in; `client_for()`: a stranger's. `language="en"` for English."""

    def make(user: Any = None, *, language: str = "zh-hans") -> Client:
        client = PlainSpaces()
        client.cookies["language"] = language
        if user is not None:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


@pytest.fixture
def at() -> Iterator[Callable[[datetime], datetime]]:
    """`at(instant)`: from here on, to the end of the test or the next call, it is then. A naive instant is China's time."""
    with ExitStack() as stack:

        def travel(instant: datetime) -> datetime:
            aware = timezone.make_aware(instant) if timezone.is_naive(instant) else instant
            stack.enter_context(clock.rehearse(aware))
            return aware

        yield travel


@pytest.fixture
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM.exists():
        return
    skip = pytest.mark.skip(reason=f"no {CHROMIUM}: as root, `apt-get install chromium fonts-noto-cjk` brings it")
    for item in items:
        if item.get_closest_marker("journey"):
            item.add_marker(skip)
