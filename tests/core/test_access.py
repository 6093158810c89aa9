"""A stranger is led back to a page that can be read; the address of a form is never a dead end."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests.factories.accounts import make_user
from tests.factories.volunteers import make_call
from volunteers.models import SignUp

pytestmark = pytest.mark.django_db


def _led_to(client: Client, referer: str) -> str:
    _call, shift = make_call()
    response = client.post(f"/volunteering/shifts/{shift.pk}/sign-up/", headers={"referer": referer})
    assert response.status_code == 302
    assert not SignUp.objects.exists()
    return parse_qs(urlsplit(response["Location"]).query)["next"][0]


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/volunteering/7/?near=1", "/volunteering/7/?near=1"),
        ("http://elsewhere.example/volunteering/7/", "/workspace/"),
        ("", "/workspace/"),
    ],
)
def test_who_presses_a_button_and_signs_in_is_back_where_the_button_stood(
    client_for: Any, referer: str, back: str
) -> None:
    assert _led_to(client_for(), referer) == back


def test_who_asks_for_a_page_and_signs_in_gets_it(client_for: Any) -> None:
    response = client_for().get("/visits/?page=2")
    assert parse_qs(urlsplit(response["Location"]).query)["next"] == ["/visits/?page=2"]


def test_the_address_of_a_form_shows_a_page_with_a_way_on(client_for: Any) -> None:
    _call, shift = make_call()
    client = client_for(make_user())
    response = client.get(f"/volunteering/shifts/{shift.pk}/sign-up/")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert 'href="/workspace/"' in response.content.decode()
    assert not SignUp.objects.exists()


@pytest.mark.parametrize("address", ["/search/?q=a%00b", "/account/organisations/?q=%00"])
def test_a_character_that_no_database_holds_is_a_broken_link(client_for: Any, address: str) -> None:
    response = client_for(make_user()).get(address)
    assert response.status_code == 400
    assert "请求无法识别" in response.content.decode()
