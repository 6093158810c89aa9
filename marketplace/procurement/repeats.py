"""A form that is sent twice makes one thing: the second sending finds what the first has made.

Its page carries a key (``{% request_key %}``). The key and what was written name the request together: a double click, or a
sending again after a lost answer, is the same request; a page taken back and written otherwise is another.
"""

from __future__ import annotations

import json
import uuid
from typing import Any, TypeVar

from django.db import models
from django.http import Http404, HttpRequest

from marketplace.core.locks import lock_name

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
