"""What the tests of pages say often."""

from __future__ import annotations

from django.urls import reverse

from marketplace.core import clock, workspace


def url(name, *args):
    return reverse(f"contracts:{name}", args=args)


def text(response):
    return b"".join(response.streaming_content).decode() if response.streaming else response.content.decode()


def items(user):
    """What contracts ask of the person (other rooms may ask for more)."""
    return [item for item in workspace.work_items(user, clock.now()) if item.url.startswith("/contracts/")]
