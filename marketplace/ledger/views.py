"""Statements with running balances, and the trial balance."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe
from moneyed import CNY

from marketplace.core import clock
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized
from marketplace.core.units import MINUTE

from . import documents, holders, rules, selectors
from .codes import TOTALS, holder_user, part_of
from .forms import PeriodForm
from .models import Account
from .selectors import Statement, StatementLine
from .templatetags.ledger import account_words, purpose_words, unit_words

PAGE_SIZE = 25


@require_safe
def statement(request: HttpRequest) -> HttpResponseBase:
    """My minutes, points and subsidy: what came, what went, what is left."""
    return _statement(request, holder_user(request.user.pk or 0), mine=True)


@require_safe
def holder(request: HttpRequest, name: str) -> HttpResponseBase:
    """The same of a budget line, an organisation or another person, for who may read it."""
    if not rules.can_read(request.user, name):
        raise Http404
    return _statement(request, name, mine=False)


def _statement(request: HttpRequest, name: str, *, mine: bool) -> HttpResponseBase:
    accounts = selectors.accounts_of(name)
    if not accounts and not mine:
        raise Http404
    asked = request.GET.get("account")
    moved = next((a for a in accounts if a.balance), accounts[0] if accounts else None)
    chosen = next((a for a in accounts if a.code == asked), moved)
    form = PeriodForm(request.GET or None)
    period = form.cleaned_data if form.is_valid() else {}
    found: Statement | None = None
    whose = None if mine else holders.describe(name)
    title = localized(request.user, "display_name") if mine else whose.name if whose else chosen.name if chosen else ""
    if chosen is not None:
        since, until = period.get("since"), period.get("until")
        found = selectors.statement(chosen.code, since, until)
        if request.GET.get("format") == "csv":
            return _csv(chosen, found)
        if request.GET.get("format") == "pdf":
            paper = documents.statement_paper(chosen, found, title, clock.now(), since=since, until=until)
            return _pdf(paper)
    lines: Sequence[StatementLine] = found.newest_first if found else []
    query = request.GET.copy()
    for key in ("format", "page"):
        query.pop(key, None)
    return render(
        request,
        "ledger/statement.html",
        {
            "mine": mine,
            "holder": whose,
            "title": title,
            "what_comes": _what_comes(name, part_of(chosen.code) if chosen else ""),
            "of_volunteer_time": chosen is not None and part_of(chosen.code) == "minutes",
            "accounts": accounts,
            "chosen": chosen,
            "form": form,
            "narrowed": bool(period.get("since") or period.get("until")),
            "page": Paginator(lines, PAGE_SIZE).get_page(request.GET.get("page")),
            "opening": found.opening if found else None,
            "closing": found.closing if found else None,
            "query": query.urlencode(),
            "may_audit": rules.can_audit(request.user),
            "at": clock.now(),
            # Neither money that has left nor what is only earned is a balance.
            "running_word": pgettext("statement", "Total")
            if chosen is not None and part_of(chosen.code) in TOTALS
            else pgettext("statement", "Balance"),
        },
    )


def _what_comes(holder: str, part: str) -> str:
    """What such an account of such a holder will show once there is something."""
    if part == "spent":
        return _("Contract instalments appear here once their payment is recorded.")
    return {
        "user": _("Volunteer time, points and subsidy appear here once confirmed. Look at the other accounts above."),
        "budget": _("Money of this line moves when a tender is published, a contract signed or an instalment paid."),
        "organisation": _(
            "Payments under contracts, and money put into the incentive fund, appear here on the day they are recorded."
        ),
    }.get(holders.kind_of(holder), "")


def _csv(account: Account, found: Statement) -> HttpResponseBase:
    header = (
        _("happened"), _("recorded"), _("what"), _("memo"), _("concerning"), _("other account"),
        pgettext("statement", "amount"), pgettext("statement", "balance"), _("unit"), _("transfer"),
    )  # fmt: skip
    return csv_response(
        "statement.csv",
        header,
        (
            (
                f"{timezone.localtime(line.occurred_at):%Y-%m-%d %H:%M}",
                f"{timezone.localtime(line.recorded_at):%Y-%m-%d %H:%M}",
                purpose_words(line.purpose),
                localized(line, "memo"),
                line.reference,
                account_words(line.other),
                _plain(line.amount, account.unit),
                _plain(line.running, account.unit),
                _("minutes") if account.unit == MINUTE.code else unit_words(account.unit),
                line.transfer_id,
            )
            for line in found.lines
        ),
    )


def _plain(amount: Decimal, unit: str) -> Decimal | int:
    """Minutes and points are whole: no fen behind them in a file."""
    return amount if unit == CNY.code else int(amount)


def _pdf(paper: bytes) -> HttpResponse:
    response = HttpResponse(paper, content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="statement.pdf"'
    return response


@require_safe
def trial_balance(request: HttpRequest) -> HttpResponseBase:
    """Every kind of account with its turnover: in each unit both sides are equal and the balances add up to nothing."""
    if not rules.can_audit(request.user):
        raise Http404
    rows = selectors.trial_balance()
    if request.GET.get("format") == "csv":
        header = (_("unit"), _("account"), _("accounts"), _("debits"), _("credits"), _("balance"))
        return csv_response(
            "trial-balance.csv",
            header,
            (
                (unit_words(r.unit), r.kind, r.accounts, *(_plain(v, r.unit) for v in (r.debits, r.credits, r.balance)))
                for r in rows
            ),
        )
    units = [
        {
            "unit": unit,
            "rows": own,
            "debits": sum(r.debits for r in own),
            "credits": sum(r.credits for r in own),
            "balance": sum(r.balance for r in own),
        }
        for unit, group in groupby(rows, key=lambda r: r.unit)
        if (own := list(group))
    ]
    return render(request, "ledger/trial_balance.html", {"units": units, "at": clock.now()})
