"""What is proposed as the last instant for questions: the close of a working day, about half-way."""

from datetime import datetime

import pytest
from django.utils import timezone

from marketplace.procurement.closing import usual_question_deadline

pytestmark = pytest.mark.django_db


def beijing(text):
    return timezone.make_aware(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("notice", "deadline", "questions"),
    [
        ("2026-09-07 09:00", "2026-09-21 17:00", "2026-09-14 17:00"),
        # Half-way is a Sunday; a holiday.
        ("2026-09-07 09:00", "2026-09-19 17:00", "2026-09-11 17:00"),
        ("2026-09-28 09:00", "2026-10-12 17:00", "2026-09-30 17:00"),
        # Too short for the close of a day.
        ("2026-09-07 18:00", "2026-09-08 10:00", "2026-09-08 02:00"),
        # The calendar does not reach so far: no day is known to be free.
        ("2099-09-07 09:00", "2099-09-19 17:00", "2099-09-13 17:00"),
    ],
)
def test_questions_end_at_the_close_of_a_working_day(notice, deadline, questions):
    assert usual_question_deadline(beijing(notice), beijing(deadline)) == beijing(questions)
