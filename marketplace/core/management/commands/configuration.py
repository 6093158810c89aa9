"""`python manage.py configuration`: write docs/configuration.md and the READMEs' tables from `marketplace/environment.py`."""

import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace.environment import BASE_DIR, VARIABLES

PAGE = BASE_DIR / "docs" / "configuration.md"
READMES = (BASE_DIR / "README.md", BASE_DIR / "README.zh.md")
_BETWEEN_MARKS = re.compile(r"(?<=<!-- configuration -->\n).*?(?=<!-- /configuration -->)", re.DOTALL)
HEAD = """# Configuration

Everything that differs between machines comes from environment variables. `marketplace/environment.py` declares them;
this page is written from it by `python manage.py configuration`, and a test keeps the two alike.

A variable without a default must be set, unless `DEMO=1` or `DEBUG=1` says that this is a demonstration or development:
then the default in brackets holds.

| Variable | Kind | Default | Meaning |
|---|---|---|---|
"""


def table() -> str:
    """The Markdown page."""
    rows = []
    for variable in VARIABLES:
        default = variable.default_help or f"`{variable.default}`"
        rows.append(
            f"| `{variable.name}` | {variable.kind} | {f'({default})' if variable.local else default} | {variable.help} |"
        )
    return HEAD + "\n".join(rows) + "\n"


def pages() -> dict[Path, str]:
    """Every page that shows the table, as it must read."""
    rows = table().removeprefix(HEAD)
    short = "| Variable | Kind | Default | Meaning |\n|---|---|---|---|\n" + rows
    readmes = {path: _BETWEEN_MARKS.sub(lambda _match: short, path.read_text("utf-8")) for path in READMES}
    return {PAGE: table(), **readmes}


class Command(BaseCommand):
    help = "Write docs/configuration.md and the READMEs' tables, or check that they are true (--check)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail where the page differs")

    def handle(self, *, check: bool, **options: Any) -> None:
        for path, text in pages().items():
            if not check:
                path.write_text(text, "utf-8")
            elif not path.exists() or path.read_text("utf-8") != text:
                raise CommandError(
                    f"{path.relative_to(BASE_DIR)} is out of date: run `python manage.py configuration`."
                )
