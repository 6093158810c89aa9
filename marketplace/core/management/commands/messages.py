"""`python manage.py messages [app …]`: bring the Chinese catalogues up to date with the sources."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace.core.catalogues import catalogues, disagreements


class Command(BaseCommand):
    help = "Update the translation catalogues, check them (--check) or compile them (--compile)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("apps", nargs="*", help="app labels; all of ours without")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--check", action="store_true", help="change nothing; fail where anything is left to do")
        what.add_argument("--compile", action="store_true", help="write the .mo files that Django reads")

    def handle(self, **options: Any) -> None:
        try:
            chosen = catalogues(options["apps"])
            if options["check"]:
                faults = [fault for catalogue in chosen for fault in catalogue.faults()]
                faults += disagreements(chosen if not options["apps"] else catalogues())
                if faults:
                    raise CommandError("\n".join([*faults, f"{len(faults)} left to do in the translations."]))
                self.stdout.write("Translations are complete.")
            elif options["compile"]:
                written = [catalogue.label for catalogue in chosen if catalogue.compile()]
                self.stdout.write(f"Compiled {', '.join(written) or 'nothing: all were compiled'}.")
            else:
                for catalogue in chosen:
                    added, dropped = catalogue.update()
                    left = sum(not entry.translated() for entry in catalogue.written())
                    self.stdout.write(
                        f"{catalogue.label}: {len(added)} new, {len(dropped)} dropped, {left} to translate"
                    )
                    for message in dropped:
                        self.stdout.write(f"  dropped {message.singular!r}")
        except (LookupError, SyntaxError) as error:
            raise CommandError(str(error)) from error
