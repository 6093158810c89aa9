"""A statement as a paper, in the active language."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from marketplace.core.i18n import localized
from marketplace.core.pdf import render_pdf
from marketplace.core.words import exact_words

from .models import Account
from .selectors import Statement
from .templatetags.ledger import account_words, in_unit, purpose_words

_PAPER = Path(__file__).parent / "papers" / "statement.typ"


def statement_paper(
    account: Account,
    statement: Statement,
    name: str,
    now: datetime,
    *,
    since: date | None = None,
    until: date | None = None,
) -> bytes:
    """PDF of one account's statement, first movement first; ``name`` is its holder's, the days are those asked for."""
    unit, code, lines = account.unit, account.code, statement.lines
    period = [(pgettext("statement", "Period"), f"{since or '…'} – {until or '…'}")] if since or until else []
    data = {
        "lang": "en" if (get_language() or "").startswith("en") else "zh",
        "title": _("Statement: %(account)s") % {"account": account_words(code)},
        "name": name,
        "made": _("Made %(at)s") % {"at": exact_words(now)},
        "facts": [
            *period,
            (_("Opening balance"), in_unit(statement.opening, unit)),
            (_("Closing balance"), in_unit(statement.closing, unit)),
            (_("Movements"), str(len(lines))),
        ],
        "columns": [_("Day"), _("What"), pgettext("statement", "Amount"), pgettext("statement", "Balance")],
        "rows": [
            [
                # A paper is kept for years: every day with its year.
                timezone.localdate(line.occurred_at).isoformat(),
                " · ".join(filter(None, [capfirst(purpose_words(line.purpose)), localized(line, "memo")])),
                in_unit(line.amount, unit),
                in_unit(line.running, unit),
            ]
            for line in lines
        ],
        "empty": _("Nothing moved in this period."),
    }
    return render_pdf(_PAPER.read_text(encoding="utf-8"), data)
