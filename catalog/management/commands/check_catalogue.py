"""Prove that no frozen product version has changed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.models import ProductVersion
from catalog.selectors import altered_versions


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        broken = altered_versions()
        for version in broken:
            self.stderr.write(f"version {version.pk} ({version}) does not fit its digest")
        if broken:
            raise CommandError(f"{len(broken)} frozen versions have been altered")
        self.stdout.write(f"catalogue: {ProductVersion.objects.count()} frozen versions, all as frozen")
