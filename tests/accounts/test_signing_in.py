"""Signing up and in, however a name is typed; and the personas of the demonstration."""

import time
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.management import CommandError, call_command
from django.urls import reverse

from marketplace import settings as project
from marketplace.accounts.models import OrganisationKind, Role, User
from marketplace.accounts.personas import Persona, write
from marketplace.audit.models import Event
from marketplace.audit.selectors import trail
from tests.factories.accounts import PASSWORD, make_member, make_organisation, make_user

pytestmark = pytest.mark.django_db

SECRET = generate_totp_secret()


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


def test_what_is_wrong_with_a_password_is_said_in_the_readers_language(client_for):
    given = {"display_name": "李示例", "username": "li", "password1": "123", "password2": "123", "agree": "on"}
    shown = client_for().post("/account/auth/signup/", given).content.decode()
    assert "太短了，至少要 10 个字符" in shown
    assert "password" not in shown.partition('class="summary')[2].partition("</div>")[0].lower().replace(
        "id_password", ""
    )
    assert "不能全是数字" in shown
    assert "你的密码" not in shown
    english = client_for(language="en").post("/account/auth/signup/", given).content.decode()
    assert "Too short: use at least 10 characters." in english


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


def test_wrong_passwords_close_the_door_with_a_way_on(client_for, settings):
    settings.ACCOUNT_RATE_LIMITS = project.ACCOUNT_RATE_LIMITS
    client = client_for(language="en")
    for _n in range(6):
        page = client.post("/account/auth/login/", {"login": "nobody-there", "password": "wrong"}).content.decode()
    assert "Wait half an hour and try again" in page
    assert "/account/auth/password/reset/" in page
    # The field keeps our own word when the form comes back.
    assert '<label for="id_login">User name or e-mail' in page


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Too many attempts in a short time"), ("zh-hans", "尝试过于频繁")]
)
def test_too_many_requests_are_told_in_the_look_of_the_site(client_for, settings, language, said):
    settings.ACCOUNT_RATE_LIMITS = project.ACCOUNT_RATE_LIMITS
    client = client_for(language=language)
    for _n in range(6):
        response = client.post("/account/auth/password/reset/", {"email": "somebody@example.com"})
    assert response.status_code == 429
    assert f"<h1>{said}</h1>" in response.content.decode()


def test_after_asking_for_a_new_password_there_is_a_next_step(client_for):
    page = client_for().get("/account/auth/password/reset/done/").content.decode()
    assert 'href="/account/auth/login/"' in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh-hans", ("请确认您的邮箱", "张示例，您好：", "邮箱 new@example.org 已确认。", "已经用过")),
        ("en", ("Please confirm your e-mail address", "Dear 张示例,", "new@example.org is confirmed.", "used already")),
    ],
)
def test_an_address_is_confirmed_by_a_letter_in_the_readers_language(client_for, mailoutbox, language, words):
    subject, greeting, done, used = words
    browser = client_for(make_user(display_name="张示例"), language=language)
    browser.post("/account/auth/email/", {"email": "new@example.org", "action_add": ""})
    [letter] = mailoutbox
    assert letter.subject == subject
    assert letter.body.startswith(greeting)
    link = next(line for line in letter.body.splitlines() if "/confirm-email/" in line)
    address = link.removeprefix("http://testserver")
    assert "new@example.org" in browser.get(address).text
    assert done in browser.post(address, follow=True).text
    assert used in browser.get(address).text


@pytest.mark.parametrize(("known", "words"), [(True, "Your user name is"), (False, "no account has this address")])
def test_who_forgot_the_password_gets_a_letter_either_way(client_for, mailoutbox, known, words):
    person = make_user()
    if known:
        person.email = "known@example.org"
        person.save()
    client_for(language="en").post("/account/auth/password/reset/", {"email": "known@example.org"})
    [letter] = mailoutbox
    assert words in letter.body
    assert (person.username in letter.body) is known
    assert letter.body.startswith(f"Dear {person.display_name}," if known else "Good day,")


def test_the_letters_link_sets_a_new_password_once_and_says_what_comes_next(client_for, mailoutbox):
    person = make_user()
    person.email = "known@example.org"
    person.save()
    browser = client_for(language="en")
    browser.post("/account/auth/password/reset/", {"email": "known@example.org"})
    link = next(line for line in mailoutbox[0].body.splitlines() if "/reset/key/" in line).removeprefix(
        "http://testserver"
    )
    form = browser.get(link, follow=True)
    assert "Choose a new password" in form.text
    address = form.redirect_chain[-1][0]
    given = {"password1": "a quiet river of words", "password2": "a quiet river of words"}
    done = browser.post(address, given, follow=True).text
    assert "The new password is set" in done
    assert 'href="/account/auth/login/"' in done
    person.refresh_from_db()
    assert person.check_password("a quiet river of words")
    used = browser.get(link).text
    assert "This link no longer works" in used
    assert 'href="/account/auth/password/reset/"' in used


# The second step


def _with_app(person):
    return TOTP.activate(person, SECRET)


def _digits():
    return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))


@pytest.mark.parametrize(("language", "said"), [("zh-hans", "六位验证码，或一个恢复码"), ("en", "recovery code")])
def test_who_has_an_app_is_asked_for_the_code(client_for, language, said):
    person = make_user()
    _with_app(person)
    browser = client_for(language=language)
    browser.post("/account/auth/login/", {"login": person.username, "password": PASSWORD})
    assert browser.get(url("profile")).status_code == 302
    page = browser.get("/account/auth/2fa/authenticate/").content.decode()
    assert said in page
    assert "双因素" not in page
    assert browser.post("/account/auth/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert browser.post("/account/auth/2fa/authenticate/", {"code": _digits()}).status_code == 302
    assert browser.get(url("profile")).status_code == 200


def test_the_operator_takes_a_lost_factor_off_and_the_person_learns_of_it(
    mailoutbox, django_capture_on_commit_callbacks
):
    person = make_user(email="lost@example.org")
    _with_app(person)
    with pytest.raises(CommandError, match="how it was checked"):
        call_command("reset_second_factor", person.username, reason=" ")
    assert Authenticator.objects.filter(user=person).count() == 1
    with django_capture_on_commit_callbacks(execute=True):
        call_command("reset_second_factor", person.username, reason="核对身份证原件", stdout=StringIO())
    assert not Authenticator.objects.filter(user=person).exists()
    assert Event.objects.get(action="person.reset_second_factor").reason == "核对身份证原件"
    [letter] = mailoutbox
    assert letter.to == ["lost@example.org"]
    for nobody in (person.username, "not-there"):
        with pytest.raises(CommandError):
            call_command("reset_second_factor", nobody, reason="核对身份证原件")


@pytest.mark.parametrize("door", ["/cms-admin/login/", "/admin/login/"])
def test_the_back_offices_have_no_door_of_their_own(client_for, door):
    """Their own forms would ask neither for the second step nor count the tries."""
    person = make_user()
    _with_app(person)
    stranger = client_for()
    answer = stranger.post(f"{door}?next=/cms-admin/", {"username": person.username, "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/account/auth/login/?next=/cms-admin/")
    assert "_auth_user_id" not in stranger.session
    assert client_for(person).get(door).status_code == 403


def test_the_editors_office_changes_no_password_and_no_address(client_for):
    editor = make_member(Role.EDITOR, make_organisation(OrganisationKind.BUREAU))
    shown = client_for(editor, language="en").get("/cms-admin/account/").content.decode()
    assert 'name="password-old_password"' not in shown
    assert 'type="email"' not in shown
    assert client_for().get("/cms-admin/password_reset/").status_code == 404
