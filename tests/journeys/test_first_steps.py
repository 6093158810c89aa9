"""Somebody comes to the site for the first time."""

import pytest

from tests.journeys.conftest import DESKTOP, PHONE

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_stranger_who_wants_a_private_page_is_asked_to_log_in(open_browser, fits, viewport, language: str) -> None:
    page = open_browser(viewport=viewport, language=language)

    page.goto("/workspace/")

    assert page.url.endswith("/account/auth/login/?next=/workspace/")
    assert page.locator("html").get_attribute("lang") == ("zh-Hans" if language == "zh-hans" else "en")
    assert page.locator("form input[type=password]").is_visible()
    assert fits(page)
