"""The pages of a post: naming an adviser, and what its village says of him."""

from __future__ import annotations

import re
from datetime import date, datetime

import pytest

from marketplace.accounts.models import Role
from marketplace.audit.models import Event
from marketplace.contracts import services
from marketplace.contracts.models import VillageRating
from marketplace.core import clock
from marketplace.core.errors import StaleState
from tests.contracts.pages import items, text, url
from tests.factories.accounts import make_member, make_membership, make_practitioner, make_user
from tests.factories.contracts import (
    make_village_voice,
    make_visit,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _one_factor(settings):
    settings.MFA_REQUIRED = False


def test_an_adviser_is_named_and_taken_away(client_for, deal):
    contract, people, _instalment = deal
    post = contract.posts.get(state="vacant")
    licensed, unlicensed = make_practitioner(people.supplier), make_practitioner(people.supplier, licensed=False)
    client = client_for(people.bidder)
    page = text(client.get(url("post", post.pk)))
    assert licensed.display_name in page
    assert f"{unlicensed.display_name}（" not in page
    client.post(url("post", post.pk), {"adviser": licensed.pk})
    post.refresh_from_db()
    assert post.adviser == licensed
    assert "对方、其监督部门和该顾问可以看到，并留存在记录中。" in text(client.get(url("post", post.pk)))
    client.post(url("post", post.pk), {"reason": ""})
    post.refresh_from_db()
    assert post.adviser == licensed
    client.post(url("post", post.pk), {"reason": "调离"})
    post.refresh_from_db()
    assert post.adviser is None
    for stranger in (people.approver, licensed, make_member(Role.BIDDER), make_user()):
        assert client_for(stranger).get(url("post", post.pk)).status_code == 404


def test_a_village_rates_in_one_press(client_for, deal):
    contract, people, _instalment = deal
    post = contract.posts.filter(state="filled").first()
    voice = make_village_voice(post)
    [item] = items(voice)
    assert item.url == url("rate", post.pk)
    client = client_for(voice)
    page = text(client.get(item.url))
    assert "我们的法律顾问怎么样？" in page
    assert "2026 年 4 月至 6 月" in page
    assert "April to June 2026" in text(client_for(voice, language="en").get(item.url))
    sent = client.post(item.url, {"quarter": "2026-Q1", "stars": "4", "comment": "讲得明白"})
    # Back to the village's own page, with a word of thanks.
    assert (sent.status_code, sent["Location"]) == (302, f"/coverage/{post.region_id}/")
    assert "谢谢" in text(client.get(sent["Location"]))
    assert VillageRating.objects.get().stars == 4
    assert not items(voice)
    client.post(item.url, {"quarter": "2026-Q2", "stars": "5"})
    assert "您已经评价过" in text(client.get(item.url))
    assert client.post(item.url, {"quarter": "2025-Q1", "stars": "5"}).status_code == 200
    assert VillageRating.objects.count() == 2
    neighbour = make_village_voice(contract.posts.exclude(pk=post.pk).first())
    for stranger in (neighbour, people.officer, people.bidder):
        assert client_for(stranger).get(item.url).status_code == 404


def test_a_village_is_asked_for_the_quarter_that_is_accepted(client_for, deal, at):
    contract, people, instalment = deal
    post = contract.posts.filter(state="filled").order_by("pk").first()
    voice = make_village_voice(post)
    visit = datetime.combine(date(2026, 2, 3), clock.now().timetz())
    make_visit(post, visit, 240)
    [item] = items(voice)
    assert "2026 年 1 月至 3 月" in item.detail
    client = client_for(voice)
    page = text(client.get(item.url))
    [chosen] = re.findall(r'<input[^>]*name="quarter"[^>]*checked[^>]*>', page)
    assert 'value="2026-Q1"' in chosen
    assert "<h2>2026 年 1 月至 3 月</h2>" in page
    client.post(item.url, {"quarter": "2026-Q1", "stars": "4"})
    services.deliver_instalment(actor=people.bidder, instalment=instalment, now=clock.now())
    accepted = services.accept_instalment(actor=people.officer, instalment=instalment, note="", now=clock.now())
    assert accepted.acceptance["ratings"] == {"count": 1, "mean": "4.00"}
    assert not items(voice)
    at(datetime(2026, 7, 1, 9))
    [item] = items(voice)
    assert "2026 年 4 月至 6 月" in item.detail
    # The last quarter is asked for too, when the post is over.
    at(datetime(2027, 1, 4, 9))
    [item] = items(voice)
    assert "2026 年 10 月至 12 月" in item.detail
    at(datetime(2027, 4, 1, 9))
    assert not items(voice)


def test_an_adviser_is_not_asked_about_before_he_came(deal):
    contract, people, _instalment = deal
    post = contract.posts.get(state="vacant")
    services.fill_post(post=post, adviser=make_practitioner(people.supplier), actor=people.officer, now=clock.now())
    assert not items(make_village_voice(post))


def test_an_adviser_gives_a_post_up_himself(client_for, deal):
    contract, people, _instalment = deal
    post = contract.posts.filter(state="filled").select_related("adviser").first()
    adviser, page = post.adviser, url("leave", post.pk)
    for nearly in (people.officer, people.bidder, make_practitioner(people.supplier)):
        assert client_for(nearly).post(page, {"reason": "替他辞"}).status_code == 404
    post.refresh_from_db()
    assert post.adviser == adviser
    assert not Event.objects.filter(action="post.vacate").exists()
    client = client_for(adviser, language="en")
    assert page in text(client.get(url("detail", contract.pk)))
    assert page not in text(client_for(people.officer).get(url("detail", contract.pk)))
    shown = text(client.get(page))
    assert "You have served here since" in shown
    assert "Your firm, the buyer and its supervisors can read it; it stays on record." in shown
    client.post(page, {"reason": " "})
    post.refresh_from_db()
    assert post.adviser == adviser
    client.post(page, {"reason": "休产假"})
    post.refresh_from_db()
    assert (post.state, post.adviser) == ("vacant", None)
    left = Event.objects.get(action="post.vacate", subject_id=str(post.pk))
    assert (left.actor, left.reason) == (adviser, "休产假")
    # Pressed twice, or opened again.
    for press in (client.post, client.get):
        again = press(page, {"reason": "休产假"})
        assert (again.status_code, again["Location"]) == (302, url("detail", contract.pk))
        assert "You do not serve here any more." in text(client.get(again["Location"]))
    assert Event.objects.filter(action="post.vacate").count() == 1


def test_who_gives_a_post_up_too_late_frees_nobody_else(client_for, deal, monkeypatch):
    """An adviser who signs for the firm too may vacate any post of it, but gives up none but an own."""
    contract, people, _instalment = deal
    post = contract.posts.filter(state="filled").select_related("adviser").first()
    adviser, successor = post.adviser, make_practitioner(people.supplier)
    make_membership(adviser, people.supplier, Role.BIDDER)
    vacate = services.vacate_post

    def overtaken(**given):
        vacate(post=post, actor=people.officer, reason="调离", now=clock.now())
        services.fill_post(post=post, adviser=successor, actor=people.officer, now=clock.now())
        return vacate(**given)

    monkeypatch.setattr(services, "vacate_post", overtaken)
    client = client_for(adviser)
    late = client.post(url("leave", post.pk), {"reason": "休产假"})
    assert (late.status_code, late["Location"]) == (302, url("detail", contract.pk))
    assert "您已不在此岗位服务。" in text(client.get(late["Location"]))
    post.refresh_from_db()
    assert post.adviser == successor
    with pytest.raises(StaleState):
        vacate(post=post, actor=adviser, reason="休产假", now=clock.now(), adviser=adviser)
    assert Event.objects.get(action="post.vacate").actor == people.officer
