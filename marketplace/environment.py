"""Every environment variable the project reads: its name, kind, default and meaning.

`docs/configuration.md` is written from this table (`python manage.py configuration`), and a test keeps the two alike.
Nothing else in the project looks into `os.environ`.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

Kind = Literal["text", "switch", "list", "address", "folder", "number"]


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable. `local` variables may be left out only in the demonstration and in development."""

    name: str
    kind: Kind
    help: str
    default: str = ""
    default_help: str = ""
    local: bool = False


VARIABLES = (
    Variable(
        "DEMO",
        "switch",
        "Demonstration mode: invented people and firms, and a bar that lets anybody act as any of them. "
        "Never set it where real data is.",
        default="0",
    ),
    Variable(
        "DEBUG",
        "switch",
        "Development mode: tracebacks in the browser, no demand for HTTPS. Never set it where others can reach the site.",
        default="0",
    ),
    Variable(
        "SECRET_KEY",
        "text",
        "Signs sessions, forms and links. At least 32 characters.",
        default_help="made once under `VAR_DIR/secrets`",
        local=True,
    ),
    Variable(
        "FIELD_KEY",
        "text",
        "Encrypts personal identifiers at rest: 32 random bytes in URL-safe base64. Who loses it loses the identifiers.",
        default_help="made once under `VAR_DIR/secrets`",
        local=True,
    ),
    Variable(
        "RECEIPT_KEY",
        "text",
        "Signs the receipts of bids (Ed25519): 32 random bytes in URL-safe base64. Who changes it can no longer verify the "
        "receipts given out before.",
        default_help="made once under `VAR_DIR/secrets`",
        local=True,
    ),
    Variable(
        "ALLOWED_HOSTS",
        "list",
        "Host names the site answers to, separated by commas.",
        default_help="`localhost,127.0.0.1,[::1]`",
        local=True,
    ),
    Variable(
        "SITE_URL",
        "address",
        "The public address of the site, for links in letters and published files.",
        default_help="`http://localhost:8000`",
        local=True,
    ),
    Variable(
        "EMAIL_URL",
        "address",
        "Where letters go: `smtp://user:password@host:port` (STARTTLS), `smtps://…` (TLS), `smtp+plain://…` (neither, for a "
        "relay on the same machine), `file:` (files under `VAR_DIR/mail`) or `console:`.",
        default_help="`file:`",
        local=True,
    ),
    Variable(
        "EMAIL_FROM",
        "text",
        "The sender of letters.",
        default="Public Legal Services <noreply@localhost>",
    ),
    Variable(
        "VAR_DIR",
        "folder",
        "Everything the running system writes outside of the database: uploads, the embedded server, queues, secrets.",
        default="var",
        default_help="`var` in the project's folder",
    ),
    Variable(
        "DATABASE_URL",
        "address",
        "A PostgreSQL 14+ server: `postgresql://user:password@host:port/name`.",
        default_help="an embedded PostgreSQL under `VAR_DIR/postgres`",
    ),
    Variable(
        "CELERY_BROKER_URL",
        "address",
        "Where tasks wait: `amqp://…` (RabbitMQ, quorum queues) or `redis://…`.",
        default_help="files under `VAR_DIR/queue`",
    ),
    Variable(
        "CACHE_URL",
        "address",
        "A cache shared by several machines: `redis://…`.",
        default_help="files under `VAR_DIR/cache`",
    ),
    Variable(
        "TASK_PROCESSES",
        "number",
        "How many tasks one worker does at a time.",
        default="2",
    ),
    Variable(
        "BEHIND_PROXY",
        "switch",
        "A proxy in front ends HTTPS and sets `X-Forwarded-Proto` itself.",
        default="0",
    ),
    Variable(
        "MFA_REQUIRED",
        "switch",
        "Officers who approve, open bids or pay must have a second factor.",
        default="1",
        default_help="`1`, and `0` in the demonstration",
    ),
    Variable(
        "LOG_LEVEL",
        "text",
        "`DEBUG`, `INFO`, `WARNING` or `ERROR`. Logs carry identifiers of records, never personal data.",
        default="INFO",
    ),
)

_BY_NAME = {variable.name: variable for variable in VARIABLES}


class Environment:
    """Typed reading of the variables, from `source` (the process's environment when served)."""

    def __init__(self, source: Mapping[str, str] | None = None) -> None:
        self._source = os.environ if source is None else source
        self.demo = self.switch("DEMO")
        self.debug = self.switch("DEBUG")

    @property
    def local(self) -> bool:
        """Whether defaults that only suit one's own machine are allowed."""
        return self.demo or self.debug

    def given(self, name: str) -> str:
        """What the environment says, or "". Raises where the variable has to be set and is not."""
        variable = _BY_NAME[name]
        value = self._source.get(name, "").strip()
        if not value and variable.local and not self.local:
            raise ImproperlyConfigured(
                f"{name} is not set. {variable.help} "
                "Set it, or set DEMO=1 (demonstration) or DEBUG=1 (development), where it has a default."
            )
        return value

    def text(self, name: str, default: str | None = None) -> str:
        return self.given(name) or (_BY_NAME[name].default if default is None else default)

    def switch(self, name: str, default: bool | None = None) -> bool:
        value = self.text(name, None if default is None else str(int(default))).lower()
        if value in {"1", "true", "yes", "on"}:
            return True
        if value in {"0", "false", "no", "off"}:
            return False
        raise ImproperlyConfigured(f"{name} is {value!r}; say 1 or 0.")

    def number(self, name: str) -> int:
        value = self.text(name)
        if not value.isdecimal() or int(value) < 1:
            raise ImproperlyConfigured(f"{name} is {value!r}; say a whole number of at least 1.")
        return int(value)

    def listed(self, name: str, default: str) -> list[str]:
        return [part.strip() for part in self.text(name, default).split(",") if part.strip()]

    def folder(self, name: str) -> Path:
        return (BASE_DIR / Path(self.text(name)).expanduser()).resolve()

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name).upper()
        if value not in allowed:
            raise ImproperlyConfigured(f"{name} is {value!r}; say one of {', '.join(allowed)}.")
        return value

    def secret(self, name: str, folder: Path) -> str:
        """The variable, or where a local default is allowed, a key made once and kept in `folder`."""
        return self.given(name) or kept_secret(folder / name.lower())


def kept_secret(path: Path) -> str:
    """The secret in the file `path`, made at the first call: 32 random bytes in URL-safe base64, readable by its owner."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "=")
        try:
            # A link, unlike a rename, never replaces the key that another process made in the meantime.
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()


def database_from_url(url: str) -> dict[str, object]:
    """Django's database settings for a `postgresql://` address. Query parameters are passed to libpq."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must begin with postgresql://: only PostgreSQL keeps this project's rules."
        )
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ImproperlyConfigured("DATABASE_URL names no database: write postgresql://user:password@host:port/name.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


def email_from_url(url: str, mail_folder: Path) -> dict[str, object]:
    """Django's `EMAIL_…` settings for EMAIL_URL."""
    parts = urlsplit(url)
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme == "file":
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": str(mail_folder),
        }
    if parts.scheme in {"smtp", "smtps", "smtp+plain"} and parts.hostname:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": parts.hostname,
            "EMAIL_PORT": parts.port or {"smtp": 587, "smtps": 465, "smtp+plain": 25}[parts.scheme],
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_TLS": parts.scheme == "smtp",
            "EMAIL_USE_SSL": parts.scheme == "smtps",
            "EMAIL_TIMEOUT": 20,
        }
    raise ImproperlyConfigured(
        "EMAIL_URL must be smtp://, smtps:// or smtp+plain:// with a host, or file: or console:."
    )
