"""The settings take what the environment says, and refuse loudly what it should have said."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from marketplace.core.management.commands.configuration import PAGE, table
from marketplace.environment import (
    BASE_DIR,
    VARIABLES,
    Environment,
    database_from_url,
    email_from_url,
    kept_secret,
)

PRODUCTION = {
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!",
    "FIELD_KEY": "A" * 43 + "=",
    "RECEIPT_KEY": "B" * 43 + "=",
    "ALLOWED_HOSTS": "example.org,www.example.org",
    "SITE_URL": "https://example.org/",
    "EMAIL_URL": "smtp://post:secret%2F1@mail.example.org",
}
SHOW = """
from django.conf import settings as s
print(s.ALLOWED_HOSTS, s.SITE_URL, s.SESSION_COOKIE_SECURE, s.MFA_REQUIRED, s.REHEARSAL_ALLOWED, s.EMAIL_HOST_PASSWORD)
"""


def load_settings(**environment: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, with nothing but `environment`."""
    return subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=BASE_DIR,
        env={"DJANGO_SETTINGS_MODULE": "marketplace.settings", "PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
    )


def test_production_needs_its_variables_and_then_is_strict(tmp_path: Path) -> None:
    loaded = load_settings(VAR_DIR=str(tmp_path), **PRODUCTION)

    assert loaded.stdout == "['example.org', 'www.example.org'] https://example.org True True False secret/1\n"
    assert list(tmp_path.iterdir()) == []  # No key was made up.


@pytest.mark.parametrize("missing", sorted(PRODUCTION))
def test_each_missing_variable_is_named(missing: str, tmp_path: Path) -> None:
    loaded = load_settings(VAR_DIR=str(tmp_path), **{k: v for k, v in PRODUCTION.items() if k != missing})

    assert loaded.returncode == 1
    assert f"ImproperlyConfigured: {missing} is not set." in loaded.stderr
    assert "DEMO=1" in loaded.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_demonstration_makes_its_keys_once(tmp_path: Path) -> None:
    first = load_settings(VAR_DIR=str(tmp_path), DEMO="1")
    keys = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    again = load_settings(VAR_DIR=str(tmp_path), DEMO="1")

    assert (
        first.stdout == again.stdout == "['localhost', '127.0.0.1', '[::1]'] http://localhost:8000 False False True \n"
    )
    assert keys.keys() == {"secret_key", "field_key", "receipt_key"}
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == keys
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "secrets").iterdir()} == {0o600}


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    seen: list[str] = []
    gate = threading.Barrier(8)

    def ask() -> None:
        gate.wait()
        seen.append(kept_secret(tmp_path / "key"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(seen)) == 1
    assert len(seen[0]) == 44
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("DEBUG", "maybe", "say 1 or 0"),
        ("TASK_PROCESSES", "0", "at least 1"),
        ("TASK_PROCESSES", "two", "at least 1"),
        ("LOG_LEVEL", "LOUD", "say one of"),
        ("DATABASE_URL", "mysql://localhost/x", "postgresql://"),
        ("DATABASE_URL", "postgresql://localhost", "names no database"),
        ("EMAIL_URL", "smtp://", "with a host"),
        ("EMAIL_URL", "pigeon://coop", "smtp://"),
        ("MFA_REQUIRED", "x", "say 1 or 0"),
    ],
)
def test_nonsense_is_refused_with_what_to_say_instead(name: str, value: str, part: str, tmp_path: Path) -> None:
    loaded = load_settings(**{"DEBUG": "1", "VAR_DIR": str(tmp_path), name: value})

    assert loaded.returncode == 1
    last = loaded.stderr.strip().splitlines()[-1]
    assert last.startswith("django.core.exceptions.ImproperlyConfigured: " + name)
    assert part in last


def test_database_url_is_taken_apart_exactly() -> None:
    assert database_from_url("postgresql://o%40k:p%2Fw@db.example:6543/market?sslmode=require") == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "market",
        "USER": "o@k",
        "PASSWORD": "p/w",
        "HOST": "db.example",
        "PORT": "6543",
        "OPTIONS": {"sslmode": "require"},
    }


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp://host", 587, True, False),
        ("smtps://host", 465, False, True),
        ("smtp+plain://host", 25, False, False),
        ("smtp+plain://host:1025", 1025, False, False),
    ],
)
def test_letters_are_encrypted_on_their_way_unless_said_otherwise(url: str, port: int, tls: bool, ssl: bool) -> None:
    email = email_from_url(url, Path("mail"))

    assert (email["EMAIL_PORT"], email["EMAIL_USE_TLS"], email["EMAIL_USE_SSL"]) == (port, tls, ssl)


def test_an_undeclared_variable_cannot_be_read() -> None:
    with pytest.raises(KeyError):
        Environment({"DEBUG": "1"}).text("HOME")


def test_nothing_else_reads_the_environment() -> None:
    allowed = {
        "marketplace/environment.py": "the table",
        "marketplace/core/embedded_postgres/server.py": "hands PATH on to PostgreSQL's programs",
        "marketplace/core/management/commands/demo.py": "hands everything on to the processes it starts",
    }
    reading = set()
    for package in ("marketplace", "catalog", "volunteers", "cms"):
        for source in (BASE_DIR / package).rglob("*.py"):
            text = source.read_text("utf-8")
            if "os.environ" in text.replace("os.environ.setdefault(", "") or "getenv" in text:
                reading.add(str(source.relative_to(BASE_DIR)))

    assert reading <= allowed.keys()


def test_the_page_of_variables_is_true() -> None:
    assert PAGE.read_text("utf-8") == table()
    assert all(variable.help.endswith(".") for variable in VARIABLES)


def test_a_local_default_needs_a_local_mode() -> None:
    with pytest.raises(ImproperlyConfigured, match="SITE_URL is not set"):
        Environment({}).text("SITE_URL", "http://localhost:8000")
    assert Environment({"DEMO": "yes"}).text("SITE_URL", "http://localhost:8000") == "http://localhost:8000"
