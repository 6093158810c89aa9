"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from . import clock


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "demonstration": settings.DEMO,
        "elder_mode": request.COOKIES.get("elder") == "1",
        "present": clock.now(),
    }
