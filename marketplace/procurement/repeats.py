"""What is sent twice is done once, and the second sending is answered like the first.

A form that makes something carries a key on its page (``{% request_key %}``). The key and what was written name the request
together: a double click, or a sending again after a lost answer, is the same request; a page taken back and written otherwise
is another.

A button that takes a step (approve, publish, cancel) needs no key: the record says that this person took it, and that no other
step followed.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import messages
from django.db import models
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from marketplace.audit import labels
from marketplace.audit.models import Event
from marketplace.audit.selectors import trail
from marketplace.core.errors import DomainError
from marketplace.core.locks import lock_name
from marketplace.core.states import IllegalTransition, StateTable
from marketplace.core.words import instant_words

from .errors import RequestKeyTaken


class Requested(models.Model):
    """What somebody made with a form, under the name of that request; empty where no form made it."""

    request_key = models.UUIDField(unique=True, null=True, editable=False)

    class Meta:
        abstract = True


M = TypeVar("M", bound=Requested)


def request_name(request: HttpRequest) -> uuid.UUID | None:
    """The name of the request, or None where its page carried no key."""
    key = request.POST.get("request_key")
    if not key:
        return None
    written = sorted((name, values) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken")
    try:
        return uuid.uuid5(uuid.UUID(key), json.dumps([request.path, written]))
    except ValueError:
        raise Http404 from None


def made_before(model: type[M], name: uuid.UUID | None, **owner: Any) -> M | None:
    """The row that the same request has made already. One that is being made now is waited for, until the caller commits.

    Args:
        owner: fields and values that the row must have for the caller to be answered with it.

    Raises:
        RequestKeyTaken: the row is somebody else's.
    """
    if name is None:
        return None
    lock_name(f"request:{name}")
    made = model._default_manager.filter(request_key=name).first()
    if made is not None and any(getattr(made, field) != value for field, value in owner.items()):
        raise RequestKeyTaken
    return made


# Steps


def step_taken(actor: Any, subject: models.Model, table: StateTable, action: str) -> Event | None:
    """The event by which ``actor`` took this step of ``subject``, if it is the last that was taken; else None."""
    steps = [f"{table.name}.{step.action}" for step in table]
    last = trail(subject).filter(action__in=steps).order_by("-pk").first()
    if last is None or last.action != f"{table.name}.{action}" or last.actor_id != actor.pk:
        return None
    return last


def say_taken(request: HttpRequest, event: Event) -> None:
    """Tell the person that what he sent again was done before."""
    words = _("You have done this already (%(act)s, %(when)s). Nothing was done twice.")
    told = {"act": labels.action_label(event.action), "when": instant_words(event.occurred_at)}
    messages.info(request, words % told)


def answer_again(request: HttpRequest, subject: models.Model, table: StateTable, action: str) -> bool:
    """Whether this person took this step last; then he is told so."""
    event = step_taken(request.user, subject, table, action)
    if event is not None:
        say_taken(request, event)
    return event is not None


def say_moved_on(request: HttpRequest, subject: models.Model, table: StateTable, action: str = "") -> None:
    """On a page that is out of date: that this person took the step himself, or that somebody was faster."""
    if not answer_again(request, subject, table, action):
        messages.warning(request, str(IllegalTransition.message))


def take_step(
    request: HttpRequest, subject: models.Model, table: StateTable, action: str, take: Callable[[], object], said: str
) -> None:
    """``take()`` a step and say what was ``said``; where this person took it just before, tell him, and do nothing.

    Raises:
        DomainError: what ``take`` refuses for another reason.
    """
    try:
        take()
    except DomainError:
        # Looked for now, not before: the first sending may have been under way still.
        if not answer_again(request, subject, table, action):
            raise
    else:
        messages.success(request, said)
