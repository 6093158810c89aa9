"""`python manage.py configuration`: write docs/configuration.md from the table in `marketplace/environment.py`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace.environment import BASE_DIR, VARIABLES

PAGE = BASE_DIR / "docs" / "configuration.md"
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


class Command(BaseCommand):
    help = "Write docs/configuration.md, or check that it is true (--check)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail where the page differs")

    def handle(self, *, check: bool, **options: Any) -> None:
        if not check:
            PAGE.write_text(table(), "utf-8")
        elif not PAGE.exists() or PAGE.read_text("utf-8") != table():
            raise CommandError(f"{PAGE.relative_to(BASE_DIR)} is out of date: run `python manage.py configuration`.")
