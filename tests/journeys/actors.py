"""People at their browsers, and a clock that moves for all of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone
from django.utils.translation import gettext, override
from playwright.sync_api import Page, expect

from marketplace.procurement.models import Method
from marketplace.procurement.wording import wording
from tests.journeys.conftest import DESKTOP, PHONE

# What sticks out of the page sideways, if the page can be moved sideways.
OVERFLOW = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const out = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > wide + 0.5);
  return ["the page", ...out.slice(0, 5).map((e) => e.outerHTML.slice(0, 120))];
}"""


class WallClock:
    """Takes the place of what the clock keeps for one thread: here one time holds for the server's threads as well."""

    def __init__(self) -> None:
        self.at: datetime | None = None

    def get(self) -> datetime | None:
        return self.at

    def set(self, at: datetime | None) -> datetime | None:
        before, self.at = self.at, at
        return before

    def reset(self, before: datetime | None) -> None:
        self.at = before

    def travel(self, at: datetime) -> datetime:
        """From here on it is ``at``; a naive instant is China's time."""
        self.at = timezone.make_aware(at) if timezone.is_naive(at) else at
        return self.at


@dataclass
class Actor:
    """One person's window. Words are given in English and looked for in the language of the window.

    Every page that it comes to is answered with 2xx and fits, on a desktop and on a phone.
    """

    page: Page
    language: str

    def words(self, text: str) -> str:
        """``Open all {bids}``: a word in braces is that of a consultation, see `marketplace.procurement.wording`."""
        with override(self.language):
            said = {name: str(getattr(wording(Method.CONSULTATION), name)) for name in re.findall(r"{(\w+)}", text)}
            return gettext(re.sub(r"{(\w+)}", r"%(\1)s", text)) % said if said else gettext(text)

    def go(self, path: str) -> Actor:
        response = self.page.goto(path)
        assert response is not None, path
        assert response.ok, f"{path}: {response.status}"
        return self._arrived()

    def fill(self, **fields: Any) -> Actor:
        """By the names of the fields: text, a choice, or True for a box to be ticked."""
        for name, value in fields.items():
            field = self.page.locator(f'main [name="{name}"]:not([type=hidden])')
            kind = field.first.evaluate("e => e.type")
            if kind in ("radio", "checkbox"):
                for each in value if isinstance(value, list) else [value]:
                    (field if each is True else field.and_(self.page.locator(f'[value="{each}"]'))).check()
            elif kind.startswith("select"):
                field.select_option(str(value))
            else:
                field.fill(str(value))
        return self

    def press(self, label: str, *, within: str = "main", sure: bool = False) -> Actor:
        """Press the button; ``sure``: the site asks first, and gets a yes."""
        button = self.page.locator(within).get_by_role("button", name=self.words(label), exact=True)
        with self.page.expect_navigation():
            button.click()
            if sure:
                self.page.locator("#confirm [data-sure]").click()
        return self._arrived()

    def follow(self, label: str) -> Actor:
        """Follow the first link of the page with these words."""
        link = self.page.get_by_role("main").get_by_role("link", name=self.words(label), exact=True).first
        with self.page.expect_navigation():
            link.click()
        return self._arrived()

    def unfold(self, label: str) -> Actor:
        self.page.get_by_role("main").locator("summary", has_text=self.words(label)).first.click()
        return self

    def sees(self, *texts: str) -> Actor:
        for text in texts:
            expect(self.page.get_by_role("main")).to_contain_text(self.words(text))
        return self

    def sees_not(self, *texts: str) -> Actor:
        for text in texts:
            expect(self.page.get_by_role("main")).not_to_contain_text(self.words(text))
        return self

    def _arrived(self) -> Actor:
        own = self.page.viewport_size
        for viewport in (DESKTOP, PHONE):
            self.page.set_viewport_size(viewport)
            wide = self.page.evaluate(OVERFLOW)
            assert not wide, f"{self.page.url} is too wide at {viewport['width']} px: {wide}"
        if own and own != PHONE:
            self.page.set_viewport_size(own)
        return self


class Stage:
    """Gives everybody a window, signed in; the same one each time."""

    def __init__(self, open_browser: Callable[..., Page], url: str) -> None:
        self.open_browser, self.url = open_browser, url
        self.windows: dict[Any, Actor] = {}

    def window(self, user: Any = None, *, phone: bool = False, language: str = "zh-hans") -> Actor:
        """The window of ``user``; without one, that of somebody from the street."""
        if user not in self.windows:
            page = self.open_browser(viewport=PHONE if phone else DESKTOP, language=language)
            if user is not None:
                client = Client()
                client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
                name = settings.SESSION_COOKIE_NAME
                page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": self.url}])
            self.windows[user] = Actor(page, language)
        return self.windows[user]
