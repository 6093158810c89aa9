"""What the front page reads from the rooms below."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import TextChoices
from wagtail.models import Page


def grouped(pages: Iterable[Page], field: str, choices: type[TextChoices]) -> list[tuple[str, list[Page]]]:
    """(label, pages) in the order of ``choices``; labels without a page are left out."""
    found: dict[str, list[Page]] = {}
    for page in pages:
        found.setdefault(getattr(page, field), []).append(page)
    return [(str(choice.label), found[choice.value]) for choice in choices if choice.value in found]


def home_sections(now: datetime) -> dict[str, Any]:
    return {}
