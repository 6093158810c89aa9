"""What people are told by mail about their service: once, and nobody else."""

from datetime import datetime

import pytest
from django.urls import reverse

from marketplace.accounts.models import Role
from marketplace.core import clock
from marketplace.timesheets import errors, services
from tests.factories.accounts import a_place, make_member, make_organisation, make_user
from tests.factories.timesheets import make_committee, make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def village(at):
    """A committee and who speaks for it."""
    at(datetime(2026, 6, 2, 9))
    return make_committee()


@pytest.fixture
def session(village):
    """Four hours, from Monday at nine."""
    return make_session(make_user(email="person@example.org"), host=village[0], minutes=240)


def test_who_reported_hears_what_is_said_against_it(village, session, mailoutbox, django_capture_on_commit_callbacks):
    committee, voice = village
    with django_capture_on_commit_callbacks(execute=True):
        with pytest.raises(errors.NoteNeeded):
            services.dispute_session(actor=voice, session=session, note=" ", now=clock.now())
        services.dispute_session(actor=voice, session=session, note="只来了两个小时。", now=clock.now())
    [letter] = mailoutbox
    assert letter.to == ["person@example.org"]
    assert letter.subject == "您在示例村的服务被提出异议 / Your service in shi li Village is questioned"
    assert letter.body.count("只来了两个小时。") == 2
    assert f"{committee.name}对您填报的 6 月 1 日（周一）09:00 在示例村的服务有异议" in letter.body
    assert f"{committee.name_en} does not confirm your service in shi li Village (Mon 1 Jun 09:00)" in letter.body
    assert letter.body.endswith(reverse("timesheets:detail", args=[session.pk]))
    assert voice.display_name not in letter.body


@pytest.mark.parametrize(
    ("minutes", "chinese", "english"),
    [
        (120, "填报 4 小时，计入 2 小时", "of 4 h reported, 2 h count."),
        (0, "填报 4 小时，计入 0 分钟", "of 4 h reported, 0 min count."),
    ],
)
def test_who_reported_hears_what_counts(
    village, session, minutes, chinese, english, mailoutbox, django_capture_on_commit_callbacks
):
    services.dispute_session(actor=village[1], session=session, note="只来了两个小时。", now=clock.now())
    supervisor = make_member(Role.SUPERVISOR, make_organisation("supervision", region=a_place(522600000000)))
    with django_capture_on_commit_callbacks(execute=True):
        with pytest.raises(errors.NotTheHost):
            services.decide_session(actor=village[1], session=session, minutes=minutes, note="核实。", now=clock.now())
        services.decide_session(actor=supervisor, session=session, minutes=minutes, note="核实。", now=clock.now())
    [letter] = mailoutbox
    assert letter.to == ["person@example.org"]
    body = letter.body.replace("\N{NO-BREAK SPACE}", " ")
    assert chinese in body
    assert english in body
    assert body.count("核实。") == 2


def test_a_confirmed_visit_needs_no_letter(village, session, mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        services.confirm_session(actor=village[1], session=session, now=clock.now())
    assert mailoutbox == []
