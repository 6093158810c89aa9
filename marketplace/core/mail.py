"""Letters: telling people, after commit, that something concerns them and where to read it; each in both languages."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils.translation import override

LANGUAGES = ("zh-hans", "en")
#: more letters than this are left to a worker, so many a task
AT_ONCE = 30


def tell(people: Iterable[Any], subject: Any, text: Any, path: str, **params: Any) -> None:
    """One letter to each of ``people`` (users) who has an address, when the transaction commits.

    ``subject`` and ``text`` are lazy translations, and so may ``params`` be; ``path`` is where the reader goes on. Nobody learns
    of anybody else. A server that cannot be reached loses the letter, never the work: what it says stands on the person's
    pages too.
    """
    addresses = list(dict.fromkeys(person.email for person in people if person.email))
    if not addresses:
        return
    lines, subjects = [], []
    for language in LANGUAGES:
        with override(language):
            subjects.append(str(subject) % params)
            lines.append(str(text) % params)
    body = "\n\n".join([*lines, f"{settings.SITE_URL}{path}"])
    transaction.on_commit(partial(_post, " / ".join(subjects), body, addresses), robust=True)


def _post(subject: str, body: str, addresses: list[str]) -> None:
    if len(addresses) <= AT_ONCE:
        send(subject, body, addresses)
        return
    # The tasks import this module.
    from .tasks import send_letters

    for start in range(0, len(addresses), AT_ONCE):
        send_letters.delay(subject, body, addresses[start : start + AT_ONCE])


def send(subject: str, body: str, addresses: Iterable[str], *, silently: bool = True) -> None:
    """The same letter to each address, over one connection. ``silently``: a server that cannot be reached raises nothing."""
    letters = [EmailMessage(subject, body, None, [address]) for address in addresses]
    get_connection(fail_silently=silently).send_messages(letters)
