"""Pages: who comes in, what they show, what a form does, and how many queries a list takes."""

import json
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from marketplace.accounts import selectors, services
from marketplace.accounts.models import Credential, DeclaredRelation, KeyHolderKey, Membership, Role
from marketplace.audit.selectors import trail
from marketplace.core import clock
from marketplace.core.workspace import work_items
from tests.factories.accounts import (
    LEISHAN,
    a_licence_number,
    a_place,
    a_resident_id,
    make_credential,
    make_member,
    make_membership,
    make_organisation,
    make_practitioner,
    make_user,
)

pytestmark = pytest.mark.django_db
LIPING = 522631000000


def url(name, *args):
    return reverse(f"accounts:{name}", args=args)


@pytest.fixture(autouse=True)
def _no_second_factor(settings):
    settings.MFA_REQUIRED = False


@pytest.fixture
def bureau():
    return make_organisation("bureau")


PRIVATE = [
    "profile",
    "start",
    "edit",
    "identity",
    "practice",
    "holder_key",
    "relations",
    "my_data",
    "credential_submit",
]


@pytest.mark.parametrize("name", [*PRIVATE, "review_queue", "register"])
def test_a_stranger_is_asked_to_sign_in(client_for, name):
    answer = client_for().get(url(name))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/auth/login/")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", [*PRIVATE, "register", "organisations", "review_queue"])
def test_every_page_renders_for_somebody_who_holds_everything(client_for, bureau, name, language):
    person = make_practitioner(make_organisation())
    for role in (Role.KEY_HOLDER, Role.OFFICER, Role.ADMIN):
        make_membership(person, bureau, role)
    make_membership(person, make_organisation(), Role.LAWYER, state="invited")
    make_credential(person, verified=False, state="rejected", review_note="发证机关写错")
    make_credential(person, verified=False, kind="expert")
    services.set_holder_key(actor=person, passphrase="雷公山 苗年 吊脚楼 银饰 芦笙", now=clock.now())
    services.declare_relation(
        actor=person, organisation=make_organisation(), kind="family", valid_from=clock.today(), now=clock.now()
    )
    make_credential(make_member(Role.LAWYER), verified=False)
    answer = client_for(person, language=language).get(url(name))
    assert answer.status_code == 200


def test_a_profile_shows_no_full_number(client_for):
    person, number = make_user(phone="13800138000"), a_resident_id()
    services.set_id_number(actor=person, number=number, now=clock.now())
    text = client_for(person).get(url("profile")).content.decode()
    assert number not in text
    assert "13800138000" not in text
    assert "138••••00" in text


def test_lists_take_the_same_queries_for_one_row_and_for_three(client_for, bureau):
    officer = make_member(Role.OFFICER, bureau)
    admin = make_member(Role.ADMIN, bureau)
    firm = make_organisation(state="registered")
    client, other = client_for(officer), client_for(admin)
    pages = [
        (client, url("profile")),
        (client, url("review_queue")),
        (client, url("review_queue") + "?tab=organisations"),
        (client, url("organisations")),
        (client, url("relations")),
        (other, url("members", bureau.pk)),
    ]

    def add():
        make_membership(officer, make_organisation(state="registered"), Role.LAWYER)
        make_credential(officer)
        make_credential(make_member(Role.LAWYER, firm), verified=False)
        make_organisation(state="registered")
        make_member(Role.OFFICER, bureau)
        make_membership(make_user(), bureau, Role.OFFICER, state="requested")
        services.declare_relation(
            actor=officer, organisation=firm, kind="other", valid_from=clock.today(), now=clock.now()
        )

    def counts():
        found = []
        for browser, address in pages:
            cache.clear()
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(address).status_code == 200
            found.append(len(queries))
        return found

    add()
    one = counts()
    add()
    add()
    assert counts() == one
    assert max(one) <= 25


# Details


def test_details_are_changed_through_the_form(client_for):
    place = a_place()
    person = make_user()
    given = {
        "display_name": "张示例",
        "display_name_en": "Zhang Shili",
        "phone": "138-0013-8000",
        "home_region": str(LEISHAN),
    }
    answer = client_for(person).post(url("edit"), given)
    assert answer["Location"] == url("profile")
    person.refresh_from_db()
    assert (person.display_name, person.phone, person.home_region) == ("张示例", "13800138000", place)
    answer = client_for(person).post(url("edit"), given | {"home_region": "无此地"})
    assert answer.status_code == 200
    assert answer.context["form"].errors["home_region"]


def test_a_wrong_identity_number_comes_back_with_the_reason_and_changes_nothing(client_for):
    person, number = make_user(), a_resident_id()
    wrong = number[:-1] + ("1" if number[-1] != "1" else "2")
    answer = client_for(person, language="en").post(url("identity"), {"number": wrong})
    assert "does not fit" in answer.context["form"].errors["number"][0]
    person.refresh_from_db()
    assert person.id_number == ""
    client_for(person).post(url("identity"), {"number": number})
    person.refresh_from_db()
    assert person.id_number == number
    client_for(person).post(url("identity"), {"erase": "1"})
    person.refresh_from_db()
    assert (person.id_number, person.id_number_index) == ("", None)


@pytest.mark.parametrize("phone", ["abc", "12", "—"])
def test_what_is_no_telephone_number_is_not_kept(client_for, phone):
    person = make_user(phone="13800138000")
    sent = {"display_name": "张示例", "display_name_en": "", "phone": phone, "home_region": ""}
    shown = client_for(person).post(url("edit"), sent).content.decode()
    assert "这不是电话号码" in shown
    assert "张示例" in shown, "what was entered stays"
    person.refresh_from_db()
    assert person.phone == "13800138000"


def test_my_data_is_a_file_for_me_alone(client_for):
    person = make_practitioner()
    answer = client_for(person).post(url("my_data"))
    assert answer["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert json.loads(answer.content)["person"]["username"] == person.username
    assert [e.action for e in trail(person)] == ["person.export"]


def test_a_practice_profile_takes_the_place_of_its_office(client_for):
    place = a_place()
    place.longitude, place.latitude, place.location_source = 108.08, 26.38, "official"
    place.save()
    person = make_user()
    given = {
        "region": str(LEISHAN),
        "specialties": ["land"],
        "languages": ["hmu"],
        "capacity": "4",
        "max_travel_minutes": "90",
        "open_to_posts": "on",
    }
    assert client_for(person).post(url("practice"), given).status_code == 302
    person.refresh_from_db()
    assert (person.practitioner.longitude, person.practitioner.capacity) == (108.08, 4)
    for wrong in ({"longitude": "108"}, {"longitude": "26.3", "latitude": "108.1"}, {"capacity": "51"}):
        assert client_for(person).post(url("practice"), given | wrong).status_code == 200
    person.practitioner.refresh_from_db()
    assert person.practitioner.capacity == 4


def credential_form(**kw):
    today = clock.today()
    return {
        "kind": "lawyer",
        "number": a_licence_number(),
        "issuer": "示例省司法厅",
        "valid_from": today - timedelta(days=1),
        "valid_until": today + timedelta(days=300),
    } | kw


def test_hand_in_return_correct_and_verify(client_for, bureau):
    lawyer, officer = make_practitioner(licensed=False), make_member(Role.OFFICER, bureau)
    client_for(lawyer).post(url("credential_submit"), credential_form())
    credential = lawyer.credentials.get()
    assert credential.number in client_for(officer).get(url("review_queue")).content.decode()
    page = url("review", credential.pk)
    assert client_for(officer).post(page, {"decision": "return", "note": ""}).status_code == 200
    assert client_for(officer).post(page, {"decision": "return", "note": "发证机关写错"}).status_code == 302
    assert "发证机关写错" in client_for(lawyer).get(url("profile")).content.decode()
    correct = url("credential_correct", credential.pk)
    assert client_for(make_user()).get(correct).status_code == 404
    client_for(lawyer).post(correct, credential_form(number=credential.number))
    client_for(officer).post(page, {"decision": "verify", "note": "一致"})
    assert selectors.valid_credential(lawyer, "lawyer", clock.today()) == credential
    assert client_for(officer).post(page, {"decision": "verify", "note": ""}).status_code in (302, 409)
    client_for(officer).post(page, {"decision": "revoke", "note": "注销"})
    credential.refresh_from_db()
    assert credential.state == "revoked"


def test_a_new_lawyer_is_led_to_the_office_first_and_back_to_the_licence(client_for):
    browser = client_for(make_user())
    assert url("practice") in browser.get(url("credential_submit")).content.decode()
    office = {"region": str(a_place().code), "longitude": "108.1", "latitude": "26.3"}
    answer = browser.post(url("practice"), office | {"capacity": "4", "max_travel_minutes": "90"})
    assert answer.headers["Location"] == url("credential_submit")
    assert url("practice") not in browser.get(url("credential_submit")).content.decode()
    assert browser.post(url("credential_submit"), credential_form()).headers["Location"] == url("profile")
    assert browser.post(url("practice"), office | {"capacity": "5", "max_travel_minutes": "90"}).headers[
        "Location"
    ] == url("profile")


def test_the_way_to_ones_public_card_is_shown_once_there_is_one(client_for):
    for lawyer, shown in ((make_practitioner(), True), (make_practitioner(licensed=False), False)):
        page = client_for(lawyer).get(url("practice")).content.decode()
        assert (url("practitioner", lawyer.pk) in page) is shown


def test_an_expired_licence_is_refused_with_what_to_do(client_for):
    lawyer = make_practitioner(licensed=False)
    expired = credential_form(
        valid_until=clock.today() - timedelta(days=1), valid_from=clock.today() - timedelta(days=9)
    )
    answer = client_for(lawyer, language="en").post(url("credential_submit"), expired)
    assert "Renew it first" in answer.content.decode()
    assert not Credential.objects.exists()


def test_a_review_page_is_not_there_for_who_may_not_review(client_for, bureau):
    lawyer = make_practitioner(licensed=False)
    credential = make_credential(lawyer, verified=False)
    nearly = [
        lawyer,
        make_member(Role.APPROVER, bureau),
        make_member(Role.OFFICER, make_organisation("bureau", region=a_place(LIPING))),
    ]
    for person in nearly:
        browser = client_for(person)
        assert browser.get(url("review", credential.pk)).status_code == 404
        assert browser.post(url("review", credential.pk), {"decision": "verify"}).status_code == 404
    credential.refresh_from_db()
    assert credential.state == "submitted"
    assert client_for(make_user()).get(url("review_queue")).status_code == 404


def test_the_public_card_shows_the_trade_and_nothing_private(client_for):
    firm = make_organisation()
    lawyer = make_practitioner(firm)
    lawyer.phone = "13800138000"
    lawyer.save()
    text = client_for().get(url("practitioner", lawyer.pk)).content.decode()
    assert lawyer.display_name in text
    assert firm.name in text
    assert "13800138000" not in text
    assert lawyer.credentials.get().number not in text
    for nobody in (make_practitioner(firm, licensed=False), make_user(), make_member(Role.ADMIN, firm)):
        assert client_for().get(url("practitioner", nobody.pk)).status_code == 404


# Keys and ties


def test_a_key_holder_sets_the_passphrase(client_for, bureau):
    holder = make_member(Role.KEY_HOLDER, bureau)
    words = "雷公山 苗年 吊脚楼 银饰 芦笙"
    browser = client_for(holder)
    for wrong in (
        {"passphrase": words, "again": words + "x", "understood": "on"},
        {"passphrase": "short", "again": "short", "understood": "on"},
        {"passphrase": words, "again": words},
    ):
        answer = browser.post(url("holder_key"), wrong)
        assert answer.status_code == 200
        assert words not in answer.content.decode()
    assert not KeyHolderKey.objects.exists()
    browser.post(url("holder_key"), {"passphrase": words, "again": words, "understood": "on"})
    assert selectors.holder_key(holder) is not None
    assert client_for(make_member(Role.APPROVER, bureau)).get(url("holder_key")).status_code == 404


def test_a_tie_is_declared_by_name_or_code(client_for):
    expert, firm = make_user(), make_organisation()
    given = {"kind": "employed", "valid_from": "2025-01-01"}
    browser = client_for(expert)
    assert browser.post(url("relations"), given | {"organisation": "无此所"}).status_code == 200
    for text in (firm.name, firm.credit_code):
        assert browser.post(url("relations"), given | {"organisation": text}).status_code == 302
    assert [c.code for c in selectors.conflicts(expert, [firm], clock.today())] == ["declared", "declared"]


def test_the_organisation_of_a_tie_is_chosen_by_a_part_of_its_name(client_for):
    firm = make_organisation(name="雷公山示例律师事务所")
    for seat in ("雷公山下示例公证处", "雷公山上示例公证处"):
        make_organisation("notary", name=seat)
    browser = client_for(make_user())
    options = browser.get(
        url("suggest_organisation"), {"field": "organisation", "organisation": "雷公"}
    ).content.decode()
    assert options.count("<option") == 3
    assert f"雷公山示例律师事务所 #{firm.pk}" in options
    # From its own page nothing has to be typed.
    assert (
        f"雷公山示例律师事务所 #{firm.pk}" in browser.get(url("relations"), {"organisation": firm.pk}).content.decode()
    )
    given = {"kind": "employed", "valid_from": "2025-01-01"}
    page = browser.post(url("relations"), given | {"organisation": "公证处"}).content.decode()
    assert "雷公山下示例公证处 #" in page
    assert "雷公山上示例公证处 #" in page
    assert browser.post(url("relations"), given | {"organisation": "公山示例律"}).status_code == 302
    assert (
        browser.post(url("relations"), given | {"organisation": f"雷公山示例律师事务所 #{firm.pk}"}).status_code == 302
    )
    assert DeclaredRelation.objects.filter(organisation=firm).count() == 2


# The second factor


def test_who_opens_bids_needs_a_second_factor(client_for, settings, bureau):
    settings.MFA_REQUIRED = True
    holder = make_member(Role.KEY_HOLDER, bureau)
    words = "雷公山 苗年 吊脚楼 银饰 芦笙"
    given = {"passphrase": words, "again": words, "understood": "on"}
    answer = client_for(holder).post(url("holder_key"), given)
    assert answer["Location"].startswith("/account/auth/2fa/?next=")
    assert not KeyHolderKey.objects.exists()
    Authenticator.objects.create(user=holder, type=Authenticator.Type.TOTP, data={"secret": "x"})
    browser = client_for(holder)
    answer = browser.post(url("holder_key"), given)
    assert answer["Location"].startswith("/account/auth/reauthenticate/?next=")
    assert words not in str(dict(browser.session))
    assert not KeyHolderKey.objects.exists()
    for again in (answer["Location"], "/account/auth/2fa/reauthenticate/"):
        assert 'class="btn quiet" href="/account/"' in browser.get(again).content.decode(), "who thinks better of it"


def test_who_proves_again_who_he_is_goes_on(client_for, settings, bureau):
    settings.MFA_REQUIRED = True
    holder = make_member(Role.KEY_HOLDER, bureau)
    holder.set_password("苗年 吊脚楼 银饰")
    holder.save()
    Authenticator.objects.create(user=holder, type=Authenticator.Type.TOTP, data={"secret": "x"})
    browser = client_for(holder)
    page = browser.get(url("holder_key"))["Location"]
    assert 'name="password"' in browser.get(page).content.decode()
    assert browser.post(page, {"password": "别的密码"}).status_code == 200
    answer = browser.post(page, {"password": "苗年 吊脚楼 银饰"})
    assert (answer.status_code, answer["Location"]) == (302, url("holder_key"))
    assert browser.get(url("holder_key")).status_code == 200


def titles(user):
    return [str(item.title) for item in work_items(user, clock.now()) if "/account/" in item.url]


def test_the_desk_tells_what_waits(settings, in_english, bureau):
    settings.MFA_REQUIRED = True
    holder = make_member(Role.KEY_HOLDER, bureau)
    assert titles(holder) == ["Set up two-step verification", "Set your key-holder's passphrase"]
    officer = make_member(Role.OFFICER, bureau)
    assert titles(officer) == []
    make_credential(make_member(Role.LAWYER), verified=False)
    assert titles(officer) == ["Review 1 credential"]
    firm, asker = make_organisation(), make_user()
    admin = make_member(Role.ADMIN, firm)
    make_membership(asker, firm, Role.LAWYER, state="requested")
    assert titles(admin) == [f"{asker.display_name_en} asks to join"]
    make_membership(asker, firm, Role.BIDDER, state="invited")
    assert titles(asker) == [f"{firm.name_en} invites you"]


def test_an_expired_licence_is_said_and_renewed_under_its_number(client_for, in_english):
    lawyer = make_practitioner(licensed=False)
    today = clock.today()
    old = make_credential(lawyer, valid_until=today - timedelta(days=1))
    assert titles(lawyer) == ["Your lawyer's licence has expired"]
    browser = client_for(lawyer, language="en")
    page = browser.get(url("profile")).text
    assert ">expired<" in page.replace(" ", "")
    renew = f"{url('credential_submit')}?renews={old.pk}"
    assert renew in page
    form = browser.get(renew).context["form"]
    assert form.initial["number"] == old.number
    given = form.initial | {"valid_from": today, "valid_until": today + timedelta(days=365)}
    assert browser.post(renew, given)["Location"] == url("profile")
    assert renew not in browser.get(url("profile")).text
    assert titles(lawyer) == []
    assert client_for().get(renew).status_code == 302
    assert client_for(make_user()).get(renew).status_code == 404


def test_the_desk_warns_of_a_licence_that_ends(in_english):
    lawyer = make_practitioner(licensed=False)
    today = clock.today()
    make_credential(lawyer, valid_until=today + timedelta(days=60))
    assert titles(lawyer) == ["Renew your lawyer's licence"]
    make_credential(lawyer, verified=False, valid_until=today + timedelta(days=400))
    assert titles(lawyer) == []
    other = make_practitioner(licensed=False)
    make_credential(other, valid_until=today + timedelta(days=61))
    make_credential(other, kind="notary", verified=False, state="rejected", review_note="看不清")
    assert titles(other) == ["Correct your credential"]


def test_raw_membership_rows_are_untouched_by_reading_pages(client_for, bureau):
    officer = make_member(Role.OFFICER, bureau)
    before = list(Membership.objects.values())
    for name in ("profile", "review_queue", "organisations"):
        client_for(officer).get(url(name))
    assert list(Membership.objects.values()) == before
