"""Signing up and in, however a name is typed; and the personas of the demonstration."""

import pytest
from django.urls import reverse

from marketplace import settings as project
from marketplace.accounts.models import User
from marketplace.accounts.personas import Persona, write
from marketplace.audit.selectors import trail
from tests.factories.accounts import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"accounts:{name}", args=args)


def test_signing_up_with_a_phone_number_and_signing_in_however_it_is_typed(client_for):
    browser = client_for()
    given = {
        "display_name": "张示例",
        "username": "+86 138-0013-8000",
        "email": "",
        "password1": "长长的一句密码话语2026",
        "password2": "长长的一句密码话语2026",
    }
    answer = browser.post("/account/auth/signup/", given)
    assert answer.status_code == 200
    assert not User.objects.exists()
    answer = browser.post("/account/auth/signup/", given | {"agree": "on"})
    assert answer["Location"] == url("start")
    person = User.objects.get()
    assert (person.username, person.phone, person.display_name) == ("13800138000", "13800138000", "张示例")
    assert [(e.action, e.data) for e in trail(person)] == [("person.agree", {"notice": "2026-11"})]
    again = client_for()
    answer = again.post("/account/auth/login/", {"login": "138 0013 8000", "password": given["password1"]})
    assert answer.status_code == 302
    assert again.get(url("profile")).status_code == 200


def test_a_user_name_is_taken_once_and_is_no_address(client_for):
    make_user(username="13800138000")
    given = {"display_name": "李示例", "password1": PASSWORD, "password2": PASSWORD, "agree": "on"}
    for name in ("0086 13800138000", "someone@example.com"):
        answer = client_for().post("/account/auth/signup/", given | {"username": name})
        assert answer.status_code == 200
        assert answer.context["form"].errors["username"]
    assert User.objects.count() == 1


def test_five_wrong_passwords_close_the_account_for_a_while(client_for, settings):
    settings.ACCOUNT_RATE_LIMITS = project.ACCOUNT_RATE_LIMITS
    person = make_user()
    for _n in range(5):
        client_for().post("/account/auth/login/", {"login": person.username, "password": "wrong"})
    browser = client_for()
    browser.post("/account/auth/login/", {"login": person.username, "password": PASSWORD})
    assert browser.get(url("profile")).status_code == 302
    other = make_user()
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "5/30m/key"}
    browser.post("/account/auth/login/", {"login": other.username, "password": PASSWORD})
    assert browser.get(url("profile")).status_code == 200


# Personas


@pytest.fixture
def demonstration(settings, tmp_path):
    settings.DEMO, settings.VAR_DIR = True, tmp_path
    person = make_user(username="officer")
    write(
        [
            Persona(
                "officer",
                "x",
                "王示例 · 经办人",
                "Wang Shili, officer",
                "bureau",
                "示例司法局",
                "Sample bureau",
                "起草公告",
            )
        ]
    )
    return person


def test_anybody_acts_as_a_listed_persona(client_for, demonstration):
    make_user(username="unlisted", is_superuser=True)
    browser = client_for(language="en")
    assert browser.post(url("persona", "unlisted")).status_code == 404
    assert browser.get(url("persona", "officer")).status_code == 405
    assert browser.post(url("persona", "officer")).status_code == 302
    text = browser.get(url("profile")).content.decode()
    assert 'aria-pressed="true">Wang Shili, officer<small>Sample bureau</small><small>起草公告</small>' in text
    browser.post(url("visitor"))
    assert browser.get(url("profile")).status_code == 302


def test_elsewhere_there_are_no_personas(client_for, demonstration, settings):
    settings.DEMO = False
    browser = client_for()
    assert browser.post(url("persona", "officer")).status_code == 404
    assert browser.post(url("visitor")).status_code == 404
    assert "persona" not in browser.get(url("organisations")).content.decode()


def test_a_persona_of_no_group_is_a_mistake(demonstration):
    with pytest.raises(ValueError, match="no group"):
        write([Persona("x", "y", "z", "z", "king")])
