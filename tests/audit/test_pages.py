"""Who reads what of the record."""

import csv
import io
from datetime import datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Q
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from marketplace.accounts.models import Role
from marketplace.audit import labels, selectors
from marketplace.audit.models import Event, Seal
from marketplace.audit.sealing import seal_pending
from tests.factories.accounts import (
    a_place,
    make_credential,
    make_member,
    make_organisation,
    make_practitioner,
    make_user,
)
from tests.factories.audit import make_event

pytestmark = pytest.mark.django_db
LIPING = 522631000000


def trail_url(subject):
    return reverse("audit:trail", args=[subject._meta.label_lower, subject.pk])


@pytest.fixture
def firm():
    return make_organisation(name="雷公山示例律师事务所")


@pytest.fixture
def supervisor():
    return make_member(Role.SUPERVISOR, make_organisation("supervision"))


def table(answer):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_seals_are_public(client_for, firm, language):
    assert client_for(language=language).get("/audit/").status_code == 200
    make_event(subject=firm)
    (seal,) = seal_pending()
    answer = client_for(language=language).get("/audit/")
    assert seal.digest in answer.content.decode()
    assert firm.name not in answer.content.decode()
    header, row = table(client_for().get("/audit/seals.csv"))
    assert header[:2] == ["number", "digest"]
    assert row[:4] == ["1", seal.digest, "0" * 64, "1"]


@pytest.mark.parametrize(("number", "shown"), [("1", True), ("99", False), ("x", True), ("9" * 30, True), ("²", True)])
def test_a_seal_is_looked_up_by_number(client_for, firm, number, shown):
    """What is no number asks for nothing: all seals."""
    make_event(subject=firm)
    seal_pending()
    answer = client_for().get("/audit/", {"number": number})
    assert answer.status_code == 200
    assert (Seal.objects.get().digest in answer.content.decode()) is shown


def test_the_checking_script_is_public(client_for):
    answer = client_for().get("/audit/verify_export.py")
    assert b"def verify(" in b"".join(answer.streaming_content)


def test_a_trail_is_read_by_whom_it_concerns(client_for, firm, supervisor):
    officer = make_member(Role.OFFICER, make_organisation("bureau"))
    make_event(officer, firm, reason="与登记一致")
    allowed = [make_member(Role.ADMIN, firm), supervisor, make_user(is_superuser=True)]
    nearly = [
        make_member(Role.BIDDER, firm),
        make_member(Role.ADMIN, make_organisation()),
        make_member(Role.SUPERVISOR, make_organisation("supervision", region=a_place(LIPING))),
    ]
    for person in allowed:
        answer = client_for(person).get(trail_url(firm))
        assert answer.status_code == 200
        assert "与登记一致" in answer.content.decode()
    for person in nearly:
        assert client_for(person).get(trail_url(firm)).status_code == 404
    assert client_for().get(trail_url(firm)).status_code == 302


def test_a_supervisor_reads_what_the_people_of_his_region_did_and_no_more(client_for, supervisor):
    """A lawyer of Leishan acts in Liping: Leishan's supervisor sees that act, not those of Liping's officer."""
    there = make_organisation("bureau", region=a_place(LIPING))
    officer, lawyer = make_member(Role.OFFICER, there), make_practitioner()
    credential = make_credential(make_practitioner(make_organisation(region=a_place(LIPING))))
    make_event(officer, credential, reason="黎平经办人")
    make_event(lawyer, credential, reason="雷山律师")
    text = client_for(supervisor).get(trail_url(credential)).content.decode()
    assert "雷山律师" in text
    assert "黎平经办人" not in text
    found = client_for(supervisor).get(reverse("audit:search")).content.decode()
    assert "黎平经办人" not in found


def test_a_secret_act_is_shown_to_no_supervisor_not_even_as_a_count(client_for, firm, supervisor, monkeypatch):
    person = make_user(home_region=a_place())
    make_event(person, firm, action="organisation.verify")
    monkeypatch.setattr(selectors, "_secrets", [lambda: Q(action="organisation.close")])
    browsers = [client_for(supervisor), client_for(make_user(is_superuser=True))]
    url = reverse("audit:search")
    before = [len(table(browser.get(url, {"format": "csv"}))) for browser in browsers]
    make_event(person, firm, action="organisation.close", reason="秘密")
    assert [len(table(browser.get(url, {"format": "csv"}))) for browser in browsers] == before
    for browser in browsers:
        assert "秘密" not in browser.get(url).content.decode()
        assert browser.get(url).context["page"].paginator.count == before[0] - 1
    assert "秘密" in client_for(make_member(Role.ADMIN, firm)).get(trail_url(firm)).content.decode()


@pytest.mark.parametrize("address", ["accounts.organisation/abc", "accounts.organisation/0", "no.model/1", "x/1"])
def test_an_odd_address_is_no_page(client_for, supervisor, address):
    assert client_for(supervisor).get(f"/audit/trail/{address}/").status_code == 404


def test_the_search_is_for_supervisors(client_for, firm, supervisor):
    for person in (make_member(Role.OFFICER, make_organisation("bureau")), make_member(Role.ADMIN, firm)):
        assert client_for(person).get(reverse("audit:search")).status_code == 404


def test_the_search_filters_and_exports(client_for, firm, supervisor):
    home = a_place()
    first = make_user(display_name="杨示例", home_region=home)
    second = make_user(display_name="潘示例", home_region=home)
    make_event(first, firm, action="organisation.verify", now=datetime.fromisoformat("2026-03-01T23:30+08:00"))
    make_event(second, firm, action="organisation.close", now=datetime.fromisoformat("2026-03-02T00:30+08:00"))
    browser = client_for(supervisor)
    url = reverse("audit:search")

    def found(**query):
        return [row[2] for row in table(browser.get(url, query | {"format": "csv"}))[1:]]

    assert found() == ["潘示例", "杨示例"]
    assert found(person="杨") == ["杨示例"]
    assert found(person=second.username.upper()) == ["潘示例"]
    assert found(action="organisation.close") == ["潘示例"]
    assert found(since="2026-03-02") == ["潘示例"]
    assert found(until="2026-03-01") == ["杨示例"]
    assert found(since="2026-03-01", until="2026-03-02") == ["潘示例", "杨示例"]
    assert found(since="0001-01-01", until="9999-12-31") == ["潘示例", "杨示例"]
    assert browser.get(url, {"since": "2026-03-02", "until": "2026-03-01"}).context["form"].errors["until"]
    assert browser.get(url, {"since": "x", "action": "nonsense"}).status_code == 200


def test_the_search_and_its_table_say_the_same(client_for, firm, supervisor):
    person = make_user(display_name="杨示例", display_name_en="Yang Shili", home_region=a_place())
    make_event(person, firm, reason="材料不全", data={"reason_en": "papers are missing"})
    for language, name, why in (("zh-hans", "杨示例", "材料不全"), ("en", "Yang Shili", "papers are missing")):
        browser = client_for(supervisor, language=language)
        page = browser.get(reverse("audit:search")).content.decode()
        _header, row = table(browser.get(reverse("audit:search"), {"format": "csv"}))
        assert (row[2], row[6]) == (name, why)
        assert name in page
        assert f"<p>{why}</p>" in page


def test_the_search_by_days_can_be_read_from_an_index():
    """Days of instants would be worked out row by row."""
    person = make_user(is_superuser=True)
    day = datetime.fromisoformat("2026-03-01T00:00+08:00").date()
    sql = str(selectors.search(person, since=day, until=day, action="organisation.verify").query)
    assert "::date" not in sql
    assert "2026-02-28 16:00:00+00:00" in sql or "2026-03-01 00:00:00+08:00" in sql
    # Which index an almost empty table is read by is PostgreSQL's affair; that there is one to read in order is ours.
    assert {("occurred_at", "id"), ("action", "occurred_at", "id"), ("actor", "occurred_at", "id")} <= {
        tuple(index.fields) for index in Event._meta.indexes
    }


def test_lists_take_the_same_queries_for_one_event_and_for_three(client_for, firm, supervisor):
    browser = client_for(supervisor)

    def count():
        found = []
        for url in (trail_url(firm), reverse("audit:search"), "/audit/"):
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(url).status_code == 200
            found.append(len(queries))
        return found

    def add():
        person = make_user(home_region=a_place())
        make_event(person, firm, data={"organisation": make_organisation().pk, "person": person.pk})
        seal_pending()

    add()
    one = count()
    add()
    add()
    assert count() == one
    assert max(one) <= 12


def test_events_read_as_sentences(in_english, client_for, firm, supervisor):
    person = make_user(home_region=a_place(), display_name="杨示例", display_name_en="Yang Shili")
    make_event(
        person,
        firm,
        action="organisation.verify",
        data={
            "from": "registered",
            "to": "verified",
            "organisation": firm.pk,
            "kind": "law_firm",
            "other": [True, None],
            "person": [person.pk],
            "until": "2024-11-30T09:00:00+00:00",
        },
    )
    make_event(None, firm, action="made.up", reason="")
    text = client_for(make_member(Role.ADMIN, firm), language="en").get(trail_url(firm)).content.decode()
    for words in (
        "Verified the organisation",
        "registered → verified",
        firm.name_en,
        "law firm",
        "yes, –",
        "Yang Shili",
        "<dd>Yang Shili</dd>",
        ">30 Nov 2024 17:00</time></dd>",
    ):
        assert words in text
    assert "是、–" in client_for(make_member(Role.ADMIN, firm)).get(trail_url(firm)).content.decode()
    assert "Made.up" in text
    assert "automatically, on schedule" in text


def test_a_trail_link_stands_only_for_who_may_follow_it(firm):
    make_event(subject=firm)
    template = Template("{% load audit %}{% trail_link firm %}")

    def link(user):
        request = RequestFactory().get("/")
        request.user = user
        return template.render(Context({"firm": firm, "request": request}))

    assert trail_url(firm) in link(make_member(Role.ADMIN, firm))
    assert link(make_member(Role.BIDDER, firm)) == ""


def test_the_command_prints_the_trail(capsys, firm):
    make_event(make_user(display_name="杨示例"), firm, data={"from": "registered", "to": "verified"})
    call_command("audit_trail", "accounts.Organisation", str(firm.pk))
    out = capsys.readouterr().out
    assert "杨示例" in out
    assert "not sealed yet" in out
    with pytest.raises(CommandError):
        call_command("audit_trail", "accounts.organisation", "0")


def test_the_command_prints_text_in_the_order_of_what_happened(capsys, firm, in_english):
    late, early = (datetime.fromisoformat(f"2026-03-0{day}T09:00+08:00") for day in (2, 1))
    make_event(
        None,
        firm,
        now=late,
        reason="甲<乙",
        data={"digest": "ab" * 32, "day": "2020-04-01", "at": "2020-04-01T09:00:00+08:00"},
    )
    make_event(None, firm, now=early, reason="较早", data={"reason_en": "earlier", "table": [{"a": "R&D <x>"}]})
    call_command("audit_trail", "accounts.organisation", str(firm.pk))
    out = capsys.readouterr().out
    # Who wrote a tag reads the tag; what the page adds as markup is left out.
    assert "<" not in out.replace("甲<乙", "").replace("R&D <x>", "")
    for words in (
        "digest: " + "ab" * 32 + "\n",
        "day: 1 Apr 2020\n",
        "at: 1 Apr 2020 09:00\n",
        "a: R&D <x>\n",
        "reason: 甲<乙\n",
        "reason: earlier\n",
    ):
        assert words in out
    assert out.index("2026-03-01") < out.index("2026-03-02")


def test_the_search_and_the_trail_say_what_was_acted_on(client_for, in_english, firm, supervisor):
    person = make_user(home_region=a_place(), display_name_en="Yang Shili")
    lawyer = make_practitioner(firm)
    lawyer.display_name_en = "Pan Lvshi"
    lawyer.save()
    make_event(person, firm)
    make_event(person, lawyer.memberships.get())
    make_event(person, make_credential(lawyer))
    text = client_for(supervisor, language="en").get(reverse("audit:search")).content.decode()
    for words in (
        f">{firm.name_en}</a>",
        f">Pan Lvshi, practitioner, {firm.name_en}</a>",
        ">lawyer&#x27;s licence of Pan Lvshi</a>",
    ):
        assert words in text
    trail = client_for(supervisor, language="en").get(trail_url(firm)).content.decode()
    assert f"<h1>Organisation · {firm.name_en}: record of actions</h1>" in trail
    assert f'href="{reverse("accounts:organisation", args=[firm.pk])}"' in trail


def test_the_way_back_from_the_record_of_oneself_leads_to_ones_account(client_for, supervisor):
    person = make_user(home_region=a_place(), display_name="杨示例")
    make_event(person, person)
    way_back = f'<a href="{reverse("accounts:profile")}">人员 · 杨示例</a>'
    assert way_back in client_for(person).get(trail_url(person)).content.decode()
    # A supervisor reads it too, and the account behind that address would be his own.
    assert way_back not in client_for(supervisor).get(trail_url(person)).content.decode()


def test_the_newest_act_stands_first_whenever_it_was_entered(client_for, firm, supervisor):
    """What was entered later may have happened before."""
    person = make_user(home_region=a_place())
    for instant, reason in (("2026-03-02T09:00+08:00", "后来"), ("2026-03-01T09:00+08:00", "先前")):
        make_event(person, firm, reason=reason, now=datetime.fromisoformat(instant))
    for url in (trail_url(firm), reverse("audit:search")):
        text = client_for(supervisor).get(url).content.decode()
        assert text.index("后来") < text.index("先前")


def test_every_act_of_the_accounts_is_named():
    make_event(action="credential.verify")
    assert all(labels.is_named(event.action) for event in Event.objects.all())
