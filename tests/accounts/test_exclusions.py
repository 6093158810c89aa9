"""Exclusions: who imposes and lifts them, which days they count, who is told, and what everybody sees."""

from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from marketplace.accounts import rules, selectors, services
from marketplace.accounts.models import Role, Sanction
from marketplace.accounts.states import SanctionStanding
from marketplace.audit.selectors import trail
from marketplace.core import clock
from marketplace.core.errors import InvalidInput, PermissionRefused, StaleState
from tests.factories.accounts import a_place, make_member, make_organisation, make_practitioner, make_user

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 1)
LIPING = 522631000000


def url(name, *args):
    return reverse(f"accounts:{name}", args=args)


@pytest.fixture(autouse=True)
def _first_of_june(at):
    at(datetime(2026, 6, 1, 9))


@pytest.fixture
def supervisor():
    return make_member(Role.SUPERVISOR, make_organisation("bureau"))


@pytest.fixture
def firm():
    return make_organisation(name="示例律师事务所", name_en="Sample law firm")


def impose(actor, party, **kw):
    given = {"reason": "提供虚假材料", "basis": "政府采购法 第七十七条", "valid_from": TODAY, "now": clock.now()}
    return services.impose_sanction(actor=actor, party=party, **(given | kw))


# Days and people


def test_a_lifted_exclusion_counts_until_the_day_before(supervisor, firm):
    sanction = impose(supervisor, firm, valid_from=date(2026, 5, 1), valid_to=date(2027, 4, 30))
    services.lift_sanction(actor=supervisor, sanction=sanction, reason="复议决定撤销", now=clock.now())
    days = [date(2026, 4, 30), date(2026, 5, 1), date(2026, 5, 31), TODAY, date(2027, 4, 30)]
    assert [selectors.is_sanctioned(firm, day) for day in days] == [False, True, True, False, False]
    assert [e.action for e in trail(sanction)] == ["sanction.lift", "sanction.impose"]


def test_where_it_stands():
    sanction = Sanction(valid_from=TODAY, valid_to=TODAY + timedelta(days=1))
    days = [TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=1), TODAY + timedelta(days=2)]
    standing = SanctionStanding
    assert [sanction.standing_on(day) for day in days] == [
        standing.COMING, standing.IN_FORCE, standing.IN_FORCE, standing.OVER,
    ]  # fmt: skip
    sanction.lifted_on = TODAY + timedelta(days=1)
    assert [sanction.standing_on(day) for day in days[1:]] == [standing.IN_FORCE, standing.LIFTED, standing.LIFTED]


def test_only_who_might_impose_it_lifts_it_once_and_says_why(supervisor, firm):
    sanction = impose(supervisor, firm)
    elsewhere = make_member(Role.SUPERVISOR, make_organisation("bureau", region=a_place(LIPING)))
    for actor in (elsewhere, make_member(Role.OFFICER, make_organisation("bureau")), make_member(Role.ADMIN, firm)):
        with pytest.raises(PermissionRefused):
            services.lift_sanction(actor=actor, sanction=sanction, reason="错误", now=clock.now())
    with pytest.raises(InvalidInput):
        services.lift_sanction(actor=supervisor, sanction=sanction, reason="  ", now=clock.now())
    assert selectors.is_sanctioned(firm, TODAY)
    services.lift_sanction(actor=supervisor, sanction=sanction, reason="错误", now=clock.now())
    with pytest.raises(StaleState):
        services.lift_sanction(actor=supervisor, sanction=sanction, reason="错误", now=clock.now())
    over = impose(supervisor, firm, valid_from=date(2026, 1, 1), valid_to=date(2026, 5, 31))
    with pytest.raises(StaleState):
        services.lift_sanction(actor=supervisor, sanction=over, reason="错误", now=clock.now())


def test_the_same_exclusion_is_imposed_once_and_again_after_it_was_lifted(supervisor, firm):
    sanction = impose(supervisor, firm)
    with pytest.raises(InvalidInput) as refusal:
        impose(supervisor, firm)
    assert refusal.value.code == "sanction_stands"
    services.lift_sanction(actor=supervisor, sanction=sanction, reason="错误", now=clock.now())
    impose(supervisor, firm)
    assert firm.sanctions.count() == 2


def test_the_database_keeps_no_lifting_without_reason(supervisor, firm):
    sanction = impose(supervisor, firm)
    for changes in ({"lifted_on": TODAY}, {"lifted_on": TODAY, "lifted_by": supervisor}, {"lifted_by": supervisor}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Sanction.objects.filter(pk=sanction.pk).update(**changes)


def test_whom_a_supervisor_may_choose_is_whom_he_may_exclude(supervisor, firm):
    colleague = make_member(Role.OFFICER, make_organisation("bureau"))
    lawyer, far_firm = make_practitioner(firm), make_organisation(region=a_place(LIPING))
    far_lawyer = make_practitioner(far_firm)
    make_user()
    for party, among in (
        (firm, rules.organisations_to_exclude(supervisor)),
        (far_firm, rules.organisations_to_exclude(supervisor)),
        *((person, rules.people_to_exclude(supervisor)) for person in (supervisor, colleague, lawyer, far_lawyer)),
    ):
        assert among.filter(pk=party.pk).exists() == rules.can_impose_sanction(supervisor, party), party
    own = supervisor.memberships.get().organisation
    assert own not in rules.organisations_to_exclude(supervisor)
    assert not rules.people_to_exclude(make_member(Role.ADMIN, firm)).exists()


# Letters


def test_an_organisation_is_told_by_those_who_run_it(supervisor, firm, mailoutbox, django_capture_on_commit_callbacks):
    make_member(Role.ADMIN, firm, make_user(email="admin@example.org"))
    make_member(Role.BIDDER, firm, make_user(email="bidder@example.org"))
    make_member(Role.LAWYER, firm, make_user(email="lawyer@example.org"))
    with django_capture_on_commit_callbacks(execute=True):
        sanction = impose(supervisor, firm, valid_to=date(2027, 5, 31))
    assert sorted(letter.to[0] for letter in mailoutbox) == ["admin@example.org", "bidder@example.org"]
    letter = mailoutbox[0]
    assert letter.subject == "已被禁止承接新业务：示例律师事务所 / Excluded from new work: Sample law firm"
    assert "Sample law firm may take on no new work from 1 Jun until 31 May 2027." in letter.body
    assert letter.body.count("提供虚假材料") == letter.body.count("政府采购法 第七十七条") == 2
    assert letter.body.endswith(url("sanction", sanction.pk))
    assert supervisor.display_name not in letter.body


def test_a_person_is_told_of_both_with_the_reasons(supervisor, mailoutbox, django_capture_on_commit_callbacks):
    lawyer = make_practitioner(user=make_user(email="lawyer@example.org"))
    with django_capture_on_commit_callbacks(execute=True):
        sanction = impose(supervisor, lawyer)
        services.lift_sanction(actor=supervisor, sanction=sanction, reason="复议决定撤销，100%", now=clock.now())
    imposed, lifted = mailoutbox
    assert imposed.to == lifted.to == ["lawyer@example.org"]
    assert "on, until this is lifted." in imposed.body
    assert lifted.subject.startswith("已解除禁止：")
    assert lifted.body.count("复议决定撤销，100%") == 2


# Pages


def test_a_supervisor_excludes_and_lifts_on_pages(client_for, supervisor, firm):
    browser = client_for(supervisor, language="en")
    assert url("impose", "organisation") in browser.get(url("organisation", firm.pk)).content.decode()
    form = browser.get(url("impose", "organisation"), {"party": firm.pk}).content.decode()
    assert f"Sample law firm #{firm.pk}" in form
    given = {
        "party": f"Sample law firm #{firm.pk}",
        "reason": "False papers",
        "basis": "Art. 77",
        "valid_from": "2026-06-01",
    }
    assert browser.post(url("impose", "organisation"), given | {"valid_to": "2026-05-01"}).status_code == 200
    assert not Sanction.objects.exists()
    answer = browser.post(url("impose", "organisation"), given)
    sanction = Sanction.objects.get()
    assert answer.headers["Location"] == url("sanction", sanction.pk)
    assert selectors.is_sanctioned(firm, TODAY)
    # Again: the same words.
    assert "has already been recorded" in browser.post(url("impose", "organisation"), given).content.decode()
    for page in (url("sanctions"), url("sanction", sanction.pk), url("organisation", firm.pk)):
        text = browser.get(page).content.decode()
        assert "False papers" in text
    assert browser.post(url("sanction", sanction.pk), {"reason": ""}).status_code == 200
    assert browser.post(url("sanction", sanction.pk), {"reason": "Annulled"}).status_code == 302
    assert not selectors.is_sanctioned(firm, TODAY)
    assert "False papers" not in browser.get(url("sanctions")).content.decode()
    assert "lifted" in browser.get(url("sanctions"), {"tab": "past"}).content.decode()
    assert "Annulled" in browser.get(url("sanction", sanction.pk)).content.decode()
    assert browser.post(url("sanction", sanction.pk), {"reason": "Again"}).status_code == 404
    assert "False papers" not in browser.get(url("organisation", firm.pk)).content.decode()
    lines = b"".join(browser.get(url("sanctions"), {"format": "csv"}).streaming_content).decode().splitlines()
    assert "Sample law firm" in lines[1]
    assert "Annulled" in lines[1]


def test_a_person_is_chosen_among_those_of_the_region(client_for, supervisor, firm):
    lawyer = make_practitioner(firm)
    stranger = make_practitioner(make_organisation(region=a_place(LIPING)))
    browser = client_for(supervisor)
    for person, count in ((lawyer, 1), (stranger, 0)):
        options = browser.get(
            url("suggest_party", "person"), {"field": "party", "party": f"#{person.pk}"}
        ).content.decode()
        assert options.count("<option") == count
    # Each form tells of its own kind of party only.
    of_firms, of_people = (browser.get(url("impose", party)).content.decode() for party in ("organisation", "person"))
    assert ("不能投标" in of_firms, "公开名片" in of_firms, "人人可见" in of_firms) == (True, False, True)
    assert ("不能投标" in of_people, "公开名片" in of_people, "人人可见" in of_people) == (False, True, False)
    given = {"reason": "停止执业", "basis": "律师法 第四十七条", "valid_from": "2026-06-01"}
    assert browser.post(url("impose", "person"), given | {"party": f"#{stranger.pk}"}).status_code == 200
    assert browser.post(url("impose", "person"), given | {"party": f"#{lawyer.pk}"}).status_code == 302
    assert [s.user for s in Sanction.objects.all()] == [lawyer]


def test_the_excluded_read_it_and_cannot_lift_it_and_strangers_find_nothing(client_for, supervisor, firm):
    admin, lawyer = make_member(Role.ADMIN, firm), make_practitioner(make_organisation())
    of_firm, of_lawyer = impose(supervisor, firm), impose(supervisor, lawyer, reason="停止执业")
    for person, own, other in ((admin, of_firm, of_lawyer), (lawyer, of_lawyer, of_firm)):
        browser = client_for(person)
        assert own.reason in browser.get(url("sanction", own.pk)).content.decode()
        assert browser.post(url("sanction", own.pk), {"reason": "不服"}).status_code == 404
        assert browser.get(url("sanction", other.pk)).status_code == 404
        assert browser.get(reverse("audit:trail", args=["accounts.sanction", own.pk])).status_code == 200
        for page in (url("sanctions"), url("impose", "person"), url("suggest_party", "person")):
            assert browser.get(page).status_code == 404
    assert selectors.is_sanctioned(firm, TODAY)
    assert "停止执业" in client_for(lawyer).get(url("profile")).content.decode()
    assert client_for().get(url("sanction", of_firm.pk)).status_code == 302
