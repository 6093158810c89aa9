"""Pages of organisations: registering, finding, members, and what everybody may know."""

from datetime import datetime

import pytest
from django.urls import reverse

from marketplace.accounts import rules, services
from marketplace.accounts.models import Organisation, Role, User
from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from marketplace.regions.models import Region
from marketplace.regions.search import path_words
from marketplace.regions.selectors import paths
from tests.factories.accounts import (
    LEISHAN,
    a_credit_code,
    a_place,
    make_member,
    make_membership,
    make_organisation,
    make_practitioner,
    make_user,
)
from tests.factories.regions import load_leishan

pytestmark = pytest.mark.django_db
LIPING = 522631000000


def url(name, *args):
    return reverse(f"accounts:{name}", args=args)


@pytest.fixture
def bureau():
    return make_organisation("bureau")


def test_a_supplier_registers_in_one_form(client_for):
    a_place()
    person = make_user()
    given = {"kind": "law_firm", "name": "示例律师事务所", "credit_code": a_credit_code(), "region": str(LEISHAN)}
    answer = client_for(person, language="en").post(url("register"), given | {"credit_code": "91110000600037341M"})
    assert "mistyped" in answer.content.decode()
    assert not Organisation.objects.exists()
    answer = client_for(person).post(url("register"), given)
    firm = Organisation.objects.get()
    assert answer["Location"] == url("members", firm.pk)
    assert rules.has_role(person, firm, Role.BIDDER)
    answer = client_for(make_user()).post(url("register"), given)
    assert answer.context["form"].errors["credit_code"]
    # A supplier always has one, and the form says so before it is sent.
    assert answer.context["form"].fields["credit_code"].required


def test_the_form_offers_no_public_body_to_the_public(client_for):
    a_place()
    person = make_user()
    given = {"kind": "bureau", "name": "示例司法局", "region": str(LEISHAN)}
    assert client_for(person).post(url("register"), given).status_code == 200
    assert not Organisation.objects.filter(kind="bureau").exists()


def test_members_are_the_administrators_business(client_for, bureau):
    for nearly in (make_member(Role.OFFICER, bureau), make_member(Role.ADMIN, make_organisation("bureau"))):
        assert client_for(nearly).get(url("members", bureau.pk)).status_code == 404
        answer = client_for(nearly).post(url("members", bureau.pk), {"person": nearly.username, "role": "approver"})
        assert answer.status_code == 404
    assert bureau.memberships.count() == 1


def test_invite_accept_approve_and_end(client_for):
    firm, lawyer, asker = make_organisation(), make_user(username="13800138000"), make_user()
    admin = make_member(Role.ADMIN, firm)
    client_for(admin).post(url("members", firm.pk), {"person": "+86 138 0013 8000", "role": "lawyer"})
    invited = lawyer.memberships.get()
    assert (invited.state, invited.role) == ("invited", "lawyer")
    assert client_for(asker).post(url("membership", invited.pk, "accept")).status_code == 404
    client_for(lawyer).post(url("membership", invited.pk, "accept"))
    offered = client_for(admin, language="en").get(url("join", firm.pk)).content.decode()
    assert "<h1>Ask for another role</h1>" in offered
    assert ('<option value="bidder"' in offered, '<option value="admin"' in offered) == (True, False)
    client_for(asker).post(url("join", firm.pk), {"role": "bidder"})
    asked = asker.memberships.get()
    refused = client_for(asker).post(url("membership", asked.pk, "approve"))
    assert refused.status_code in (302, 403)
    asked.refresh_from_db()
    assert asked.state == "requested"
    client_for(admin).post(url("membership", asked.pk, "approve"))
    assert {m.state for m in firm.memberships.all()} == {"active"}
    page = client_for(admin, language="en").get(url("members", firm.pk)).content.decode()
    assert f'<textarea id="reason-{asked.pk}" name="reason" rows="2" required' in page
    # What the roles of such an organisation are for, and of no other kind's.
    assert Role.BIDDER.duty in page
    assert Role.KEY_HOLDER.duty not in page
    # One's own role ends without one, and so does an invitation that nobody has answered.
    assert f'id="reason-{admin.memberships.get().pk}"' not in page
    unexplained = client_for(admin, language="en").post(
        url("membership", asked.pk, "end"),
        {"reason": ""},
        headers={"referer": f"http://testserver{url('members', firm.pk)}"},
    )
    assert unexplained["Location"].endswith(url("members", firm.pk))
    assert rules.has_role(User.objects.get(pk=asker.pk), firm)
    client_for(admin).post(url("membership", asked.pk, "end"), {"reason": "已调离本所"})
    assert not rules.has_role(User.objects.get(pk=asker.pk), firm)
    assert client_for(admin).post(url("membership", 10**17, "end")).status_code == 404
    table = b"".join(client_for(admin).get(url("members", firm.pk) + "?format=csv").streaming_content).decode()
    assert lawyer.username in table


def test_who_asks_twice_is_told_in_the_second_person(client_for):
    browser, firm = client_for(make_user(), language="en"), make_organisation()
    assert browser.post(url("join", firm.pk), {"role": "lawyer"}).status_code == 302
    assert "You have this role here already" in browser.post(url("join", firm.pk), {"role": "lawyer"}).content.decode()
    assert firm.memberships.filter(role="lawyer").count() == 1


def test_an_invitation_offers_first_the_role_that_most_have(client_for):
    for kind, role in (("law_firm", "lawyer"), ("village", "village"), ("bureau", "officer")):
        organisation = make_organisation(kind)
        page = client_for(make_member(Role.ADMIN, organisation)).get(url("members", organisation.pk)).content.decode()
        assert f'<option value="{role}" selected>' in page


def test_an_unknown_person_is_told_to_register_first(client_for):
    firm = make_organisation()
    admin = make_member(Role.ADMIN, firm)
    answer = client_for(admin, language="en").post(url("members", firm.pk), {"person": "nobody", "role": "lawyer"})
    assert "register first" in answer.content.decode()
    assert firm.memberships.count() == 1


def test_an_organisations_page_is_public_and_names_only_whose_card_is_public(client_for):
    """Its lawyers have agreed to a card that everybody reads (``test_cards``)."""
    firm = make_organisation(head_name="王示例", address="示例路1号")
    lawyer = make_practitioner(firm, licensed=False)
    text = client_for().get(url("organisation", firm.pk)).content.decode()
    assert firm.name in text
    assert "王示例" not in text
    assert lawyer.display_name not in text
    assert client_for().get(url("organisation", 10**17)).status_code == 404


def test_an_organisation_is_here_since_it_registered(at):
    then = at(datetime(2025, 3, 4, 9))
    founder = make_user()
    services.register_organisation(
        actor=founder,
        kind="law_firm",
        name="示例律师事务所",
        credit_code=a_credit_code(),
        region=a_place(LIPING),
        now=then,
    )
    assert Organisation.objects.get(name="示例律师事务所").created_at == then


def test_an_excluded_organisation_says_so(client_for, bureau):
    firm = make_organisation()
    services.impose_sanction(
        actor=make_member(Role.SUPERVISOR, bureau),
        party=firm,
        reason="提供虚假材料",
        basis="政府采购法 第七十七条",
        valid_from=clock.today(),
        now=clock.now(),
    )
    assert "提供虚假材料" in client_for().get(url("organisation", firm.pk)).content.decode()


def test_organisations_are_found_by_name_and_code(client_for):
    firm, other = make_organisation(name="雷公山示例律师事务所"), make_organisation(name="清水江示例律师事务所")
    for words in ("雷公山", firm.credit_code.lower(), firm.name_en):
        text = client_for().get(url("organisations"), {"q": words}).content.decode()
        assert firm.name in text
        assert other.name not in text
    table = client_for().get(url("organisations"), {"q": "雷公山", "format": "csv"})
    lines = b"".join(table.streaming_content).decode().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == [firm.name]


def test_two_villages_of_one_name_are_told_apart_by_the_places_above_them(client_for, django_assert_num_queries):
    load_leishan()
    village = Region.objects.filter(level=5).order_by("pk")[0]
    above = path_words(paths([village])[village.code][-2:])
    make_organisation("village", region=village)
    browser = client_for()
    browser.get(url("organisations"))
    assert f"{above} · {village.name}</small>" in browser.get(url("organisations")).content.decode()
    for other in Region.objects.filter(level=5).exclude(pk=village.pk)[:2]:
        make_organisation("village", region=other)
    with django_assert_num_queries(3):
        browser.get(url("organisations"))


def test_members_with_a_public_card_are_links(client_for):
    firm = make_organisation()
    admin, lawyer = make_member(Role.ADMIN, firm), make_practitioner(organisation=firm)
    page = client_for(admin).get(url("members", firm.pk)).content.decode()
    assert url("practitioner", lawyer.pk) in page
    assert url("practitioner", admin.pk) not in page


# Credentials


def test_the_bureau_verifies_an_organisation_from_its_page(client_for, bureau):
    firm = make_organisation(state="registered")
    elsewhere = make_member(Role.OFFICER, make_organisation("bureau", region=a_place(LIPING)))
    assert client_for(elsewhere).post(url("verify_organisation", firm.pk)).status_code in (302, 403)
    firm.refresh_from_db()
    assert firm.state == "registered"
    client_for(make_member(Role.OFFICER, bureau)).post(url("verify_organisation", firm.pk), {"note": "一致"})
    firm.refresh_from_db()
    assert firm.state == "verified"


def entry(firm, **kw):
    return {
        "name": firm.name,
        "name_en": firm.name_en,
        "region": str(firm.region_id),
        "address": firm.address,
        "phone": firm.phone,
        "head_name": firm.head_name,
        **({"small_or_micro": "on"} if firm.small_or_micro else {}),
    } | kw


def acts(firm):
    return list(Event.objects.filter(subject_type="accounts.organisation", subject_id=firm.pk).order_by("pk"))


def test_an_administrator_keeps_the_entry_and_a_new_name_is_compared_anew(client_for):
    firm = make_organisation(state="verified")
    admin, page = client_for(make_member(Role.ADMIN, firm), language="en"), url("organisation_edit", firm.pk)
    assert f'value="{firm.name}"' in admin.get(page).content.decode()
    assert admin.post(page, entry(firm)).status_code == 302
    assert acts(firm) == []

    answer = admin.post(page, entry(firm, phone="０８５５", address="示例路2号"))
    assert "not a telephone number" in answer.content.decode()
    assert 'value="示例路2号"' in answer.content.decode()
    firm.refresh_from_db()
    assert (firm.address, firm.phone) == ("", "")

    admin.post(page, entry(firm, phone=" 0855-0000000 ", address="示例路2号", small_or_micro="on"))
    firm.refresh_from_db()
    assert (firm.address, firm.phone, firm.small_or_micro, firm.state) == (
        "示例路2号",
        "0855-0000000",
        True,
        "verified",
    )
    assert 'href="tel:0855-0000000"' in client_for().get(url("organisation", firm.pk)).content.decode()
    listed = client_for().get(url("organisations") + "?format=csv")
    assert "示例路2号,0855-0000000" in b"".join(listed.streaming_content).decode()

    admin.post(page, entry(firm, name="改名示例律师事务所"))
    firm.refresh_from_db()
    assert (firm.name, firm.state) == ("改名示例律师事务所", "registered")
    assert [(e.action, e.data["fields"]) for e in acts(firm)] == [
        ("organisation.update", ["address", "phone", "small_or_micro"]),
        ("organisation.revise", ["name"]),
    ]
    # It may bid meanwhile.
    assert rules.has_role(User.objects.get(pk=admin.session["_auth_user_id"]), firm, Role.ADMIN)


def test_a_public_body_keeps_its_telephone_and_not_its_name(client_for, bureau):
    admin = make_member(Role.ADMIN, bureau)
    browser, page = client_for(admin, language="en"), url("organisation_edit", bureau.pk)
    assert 'type="checkbox"' not in browser.get(page).content.decode()
    assert browser.get(page).content.decode().count("Changed by the supervising authority.") == 2
    before = bureau.name
    browser.post(page, entry(bureau, name="别名示例司法局", region=str(LIPING), phone="0855-0000000"))
    bureau.refresh_from_db()
    assert (bureau.name, bureau.region_id, bureau.phone) == (before, LEISHAN, "0855-0000000")
    with pytest.raises(PermissionRefused, match=r"supervising authority|主管机关"):
        services.revise_organisation(
            actor=admin, organisation=bureau, name="别名示例司法局", name_en="", region=bureau.region, address="",
            phone="", head_name="", small_or_micro=False, now=clock.now(),
        )  # fmt: skip
    # Who registers such bodies there may, if he also keeps the entry.
    make_membership(admin, make_organisation("supervision"), Role.SUPERVISOR)
    browser.post(page, entry(bureau, name="别名示例司法局"))
    bureau.refresh_from_db()
    assert (bureau.name, bureau.state) == ("别名示例司法局", "verified")


def test_an_entry_is_its_administrators_alone(client_for, bureau):
    firm = make_organisation()
    for nearly in (
        make_member(Role.BIDDER, firm),
        make_member(Role.ADMIN, make_organisation()),
        make_member(Role.OFFICER, bureau),
    ):
        browser = client_for(nearly)
        assert browser.get(url("organisation_edit", firm.pk)).status_code == 404
        assert browser.post(url("organisation_edit", firm.pk), entry(firm, phone="0855-0000000")).status_code == 404
        with pytest.raises(PermissionRefused):
            services.revise_organisation(
                actor=nearly, organisation=firm, name=firm.name, name_en="", region=firm.region, address="",
                phone="0855-0000000", head_name="", small_or_micro=False, now=clock.now(),
            )  # fmt: skip
    firm.refresh_from_db()
    assert firm.phone == ""
