"""Content in two languages: the field ``x`` is Chinese, ``x_en`` its English twin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language


def localized(obj: Any, field: str, language: str | None = None) -> str:
    """The value of ``field`` in ``language`` (default: the active one); Chinese where English is empty.

    ``obj`` is a row, or plain JSON, in which a missing field is empty.
    """
    language = language or get_language() or "zh-hans"
    frozen = isinstance(obj, Mapping)
    if language.startswith("en"):
        english = obj.get(f"{field}_en") if frozen else getattr(obj, f"{field}_en", "")
        if english:
            return str(english)
    return str(obj.get(field, "") if frozen else getattr(obj, field))
