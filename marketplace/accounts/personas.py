"""The invented people of the demonstration, whom anybody may act as at one click. Demonstration mode only."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

#: Groups in the order of the bar.
GROUPS: dict[str, Any] = {
    "bureau": _("Justice bureau"),
    "supplier": _("Law firms"),
    "expert": _("Evaluation experts"),
    "lawyer": _("Lawyers"),
    "village": _("Villages"),
    "volunteer": _("Volunteers"),
    "finance": _("Finance"),
    "supervisor": _("Supervision"),
    "editor": _("Catalogue editors"),
}


@dataclass(frozen=True, slots=True)
class Persona:
    """``label`` names the person and the part he plays, ``hint`` says what to try; both with an English twin."""

    username: str
    password: str
    label: str
    label_en: str
    group: str
    organisation: str = ""
    organisation_en: str = ""
    hint: str = ""
    hint_en: str = ""


def _file() -> Path:
    return Path(settings.VAR_DIR) / "demo" / "accounts.json"


def write(personas: Iterable[Persona]) -> None:
    """Keep the list for the bar and for ``make demo``, which prints it.

    Raises:
        ValueError: an unknown group.
    """
    listed = list(personas)
    for persona in listed:
        if persona.group not in GROUPS:
            raise ValueError(f"{persona.username}: {persona.group} is no group of personas")
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(persona) | {"role": persona.label} for persona in listed]
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(rows, ensure_ascii=False, indent=1), "utf-8")
    fresh.replace(file)


def read() -> tuple[Persona, ...]:
    """The personas, or none outside demonstration mode or before the demonstration is played."""
    if not settings.DEMO:
        return ()
    try:
        stamp = _file().stat().st_mtime_ns
    except FileNotFoundError:
        return ()
    return _parsed(_file(), stamp)


@lru_cache(maxsize=2)
def _parsed(file: Path, stamp: int) -> tuple[Persona, ...]:
    names = {field.name for field in fields(Persona)}
    rows = json.loads(file.read_text("utf-8"))
    return tuple(Persona(**{key: value for key, value in row.items() if key in names}) for row in rows)


def grouped() -> list[tuple[Any, list[Persona]]]:
    """(group's name, its personas), for the groups that have any."""
    listed = read()
    groups = [(name, [p for p in listed if p.group == group]) for group, name in GROUPS.items()]
    return [(name, members) for name, members in groups if members]
