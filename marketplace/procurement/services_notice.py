"""While bids may come: questions and their published answers, and a deadline that may only move later."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Organisation, User
from marketplace.audit.services import record
from marketplace.core import clock
from marketplace.core.errors import InvalidInput
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.statutes.services import deadline, timetable

from . import notices, rules
from .errors import AlreadyAnswered, BiddingClosed, BiddingNotOpen, DeadlineNotLawful, QuestionsClosed
from .models_tender import NoticeKind, Question, Tender
from .repeats import made_before
from .states import TenderState

MAX_QUESTION = 4000


@transaction.atomic
def ask_question(
    *,
    actor: User,
    organisation: Organisation,
    tender: Tender,
    text: str,
    now: datetime,
    request_key: uuid.UUID | None = None,
) -> Question:
    """Ask about the documents. Published without the asker's name, with the answer.

    The record does not name the asker either: the trail of a question is public. The same ``request_key`` answers with the
    first result.

    Raises:
        QuestionsClosed: the time is over, or the tender takes no bids.
        RequestKeyTaken
    """
    require(rules.can_bid_for, actor, organisation)
    tender = lock_row(Tender, tender.pk)
    if (made := made_before(Question, request_key, tender_id=tender.pk, asker_id=organisation.pk)) is not None:
        return made
    until = tender.question_deadline
    if tender.state != TenderState.PUBLISHED or until is None or clock.database_now() > until:
        raise QuestionsClosed
    text = text.strip()
    if not text:
        raise InvalidInput(_("Write your question."), field="text")
    if len(text) > MAX_QUESTION:
        raise InvalidInput(_("Ask in at most 4,000 characters, or in several questions."), field="text")
    question = Question.objects.create(
        tender=tender, asker=organisation, asked_by=actor, text=text, asked_at=now, request_key=request_key
    )
    record(actor=None, action="question.ask", subject=question, now=now, data={"tender": tender.reference})
    return question


@transaction.atomic
def answer_question(*, actor: User, question: Question, answer: str, now: datetime) -> Question:
    """Answer, once, for everybody to read (政府采购法实施条例 art. 52: within three working days)."""
    tender = Tender.objects.select_related("organisation").get(pk=question.tender_id)
    require(rules.can_answer, actor, tender)
    question = lock_row(Question, question.pk)
    if question.answer:
        raise AlreadyAnswered
    answer = answer.strip()
    if not answer:
        raise InvalidInput(_("Write the answer: it is published with the question."), field="answer")
    question.answer, question.answered_by, question.answered_at = answer, actor, now
    question.save(update_fields=["answer", "answered_by", "answered_at"])
    record(actor=actor, action="question.answer", subject=question, now=now, data={"tender": tender.reference})
    return question


@transaction.atomic
def amend_deadline(
    *,
    actor: User,
    tender: Tender,
    bid_deadline: datetime,
    reason: str,
    now: datetime,
    reason_en: str = "",
    question_deadline: datetime | None = None,
) -> Tender:
    """Move the deadline later, before it has passed, under the lock that every bid shares; published with its reason.

    The law's time between an amendment and the deadline must be left (87号令 art. 27: 15 days; 214号 art. 10: 5 days).
    Suppliers that take part see it on their workspace: a letter to them would tell a postmaster who bids.

    Raises:
        BiddingClosed, BiddingNotOpen, DeadlineNotLawful
    """
    tender = lock_row(Tender, tender.pk)
    require(rules.can_amend_deadline, actor, tender)
    if tender.state != TenderState.PUBLISHED or tender.bid_deadline is None or tender.official_published_at is None:
        raise BiddingNotOpen
    moment = clock.database_now()
    if moment > tender.bid_deadline:
        raise BiddingClosed(
            _("Bids closed on %(deadline)s: a deadline that has passed is not moved."),
            deadline=f"{timezone.localtime(tender.bid_deadline):%Y-%m-%d %H:%M}",
        )
    if not reason.strip():
        raise InvalidInput(_("Say why the deadline moves: the reason is published."), field="reason")
    if bid_deadline <= tender.bid_deadline:
        raise InvalidInput(_("A published deadline can only be moved later. Choose a later one."), field="bid_deadline")
    region = tender.organisation.region_id
    published_on = timezone.localdate(tender.official_published_at)
    last_day = deadline(
        f"{tender.method}_amendment", timezone.localdate(bid_deadline), on=published_on, region_code=region
    )
    if timezone.localdate(moment) > last_day.date:
        raise DeadlineNotLawful(last_day.explanation, field="bid_deadline")
    if question_deadline is None:
        question_deadline = tender.question_deadline
    if question_deadline is not None and not question_deadline < bid_deadline:
        raise InvalidInput(_("Questions end before bids close."), field="question_deadline")
    if question_deadline is not None and tender.question_deadline and question_deadline < tender.question_deadline:
        raise InvalidInput(
            _("A published deadline can only be moved later. Choose a later one."), field="question_deadline"
        )
    before = _dates(tender)
    tender.bid_deadline, tender.question_deadline = bid_deadline, question_deadline
    tender.timetable = [d.to_json() for d in timetable(tender.method, published_on, bid_deadline, region_code=region)]
    tender.save(update_fields=["bid_deadline", "question_deadline", "timetable"])
    after = _dates(tender)
    record(
        actor=actor,
        action="tender.amend_deadline",
        subject=tender,
        now=now,
        reason=reason.strip(),
        data={"before": before, "after": after, "reason_en": reason_en.strip()},
    )
    notices.publish_notice(
        tender=tender,
        kind=NoticeKind.AMENDMENT,
        content=notices.amendment_notice(before, after, reason.strip(), reason_en.strip()),
        actor=actor,
        now=now,
    )
    return tender


def _dates(tender: Tender) -> dict[str, str | None]:
    return {
        "bid_deadline": notices.instant(tender.bid_deadline),
        "question_deadline": notices.instant(tender.question_deadline),
    }
