"""Contracts: the list, the page of one, its files and papers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from marketplace.accounts.models import User
from marketplace.core import clock
from marketplace.core.access import public_page
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized
from marketplace.core.words import money_words
from marketplace.statutes.deadlines import Deadline

from . import documents, rules, selectors, shifts
from .fulfilment import is_counted
from .models import Contract, Instalment
from .services_payment import period_is_over
from .standard import obligations_of
from .states import ContractState, InstalmentState, PostState
from .templatetags.contracts import term

PAGE_SIZE = 25


def signed_in(request: HttpRequest) -> User:
    """Who asks, on pages that nobody reaches without signing in."""
    return cast(User, request.user)


def get_contract(request: HttpRequest, pk: int) -> Contract:
    """The contract, if the person may know of it."""
    found = rules.visible_to(request.user).select_related(
        "buyer__region", "supplier", "award__lot__tender", "award__lot__product_version", "drafted_by",
        "supplier_signed_by", "buyer_signed_by",
    )  # fmt: skip
    return get_object_or_404(found, pk=pk)


@public_page
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    """Signed contracts for everybody; one's own first for who has any."""
    mine = selectors.my_contracts(request.user) if request.user.is_authenticated else Contract.objects.none()
    has_own = mine.exists()
    tab = request.GET.get("show") or ("mine" if has_own else "all")
    found = mine if tab == "mine" else Contract.objects.filter(rules.IS_PUBLIC)
    state = request.GET.get("state", "")
    if state in ContractState.values:
        found = found.filter(state=state)
    words = request.GET.get("q", "").strip()[:80]
    if words:
        found = found.filter(
            Q(title__icontains=words)
            | Q(number__icontains=words)
            | Q(supplier__name__icontains=words)
            | Q(buyer__name__icontains=words)
        )
    rows = selectors.contract_list(found).order_by("-created_at", "-pk")
    if request.GET.get("format") == "csv":
        return _contracts_csv(rows)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request,
        "contracts/index.html",
        {
            "page": page,
            "by_roster": shifts.served_in_shifts([contract.pk for contract in page]),
            "tab": tab,
            "has_own": has_own,
            "states": [("", _("All")), *ContractState.choices],
            "state": state,
            "q": words,
        },
    )


def _contracts_csv(rows: QuerySet[Contract]) -> HttpResponseBase:
    header = (
        _("number"), _("title"), _("buyer"), _("supplier"), _("amount (yuan)"), _("from"), _("to"), _("state"),
        _("posts"), _("filled posts"), _("paid (yuan)"),
    )  # fmt: skip
    return csv_response(
        "contracts.csv",
        header,
        (
            (
                c.number,
                localized(c, "title"),
                localized(c.buyer, "name"),
                localized(c.supplier, "name"),
                c.amount.amount,
                c.starts_on,
                c.ends_on,
                c.get_state_display(),
                c.post_count,  # type: ignore[attr-defined]
                c.filled_count,  # type: ignore[attr-defined]
                c.paid_sum or 0,  # type: ignore[attr-defined]
            )
            for c in rows.iterator()
        ),
    )


@public_page
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Where a contract stands, who serves which village, what was paid; and what I can do now."""
    contract = get_contract(request, pk)
    instalments = list(contract.instalments.order_by("number"))
    obligations = list(contract.obligations.order_by("pk"))
    all_posts = contract.posts.select_related("region", "adviser").order_by("region_id", "seat")
    posts = all_posts.filter(state=PostState.VACANT) if request.GET.get("posts") == "vacant" else all_posts
    page = Paginator(posts, PAGE_SIZE).get_page(request.GET.get("page"))
    today = timezone.localdate(clock.now())
    known = list(all_posts.order_by().values_list("state", "seat"))
    states = [state for state, _seat in known]
    in_shifts = shifts.in_shifts(contract)
    vacant = 0 if in_shifts else states.count(PostState.VACANT)
    filled = states.count(PostState.FILLED)
    actions = list(_actions(request.user, contract, vacant, instalments))
    return render(
        request,
        "contracts/detail.html",
        {
            "contract": contract,
            "party": rules.is_party(request.user, contract),
            "public": rules.is_public(contract),
            "paper_digest": documents.signed_digest(contract),
            "staffs": request.user.is_authenticated and rules.can_staff(request.user, contract),
            "in_shifts": in_shifts,
            "life": selectors.life_of(
                contract,
                instalments,
                len(states),
                filled,
                decided_at=contract.award.decided_at,
                in_shifts=in_shifts,
            ),
            "columns": [o for o in obligations if is_counted(o)],
            "obligations": obligations or obligations_of(contract.award.lot),
            "instalments": instalments,
            "money": selectors.money_of(instalments),
            "page": page,
            "rows": selectors.post_rows(list(page.object_list), today, obligations),
            "posts": len(states),
            "several_seats": any(seat > 1 for _state, seat in known),
            "vacant": vacant,
            "sign_by": Deadline.from_json(contract.sign_by) if contract.sign_by else None,
            "next": next((a for a in actions if a["tone"] != "stop"), None),
            "others": [a for a in actions if a["tone"] == "stop"],
            "today": today,
        },
    )


def _actions(user: Any, contract: Contract, vacant: int, instalments: list[Instalment]) -> Iterator[dict[str, Any]]:
    """What the person can do with the contract now, the most pressing first: label, address, tone, why."""
    if not user.is_authenticated:
        return
    for instalment in instalments:
        yield from _instalment_actions(user, contract, instalment)
    if contract.state == ContractState.DRAFT:
        yield from _signing_actions(user, contract)
    if contract.state == ContractState.ACTIVE:
        if vacant and rules.can_staff(user, contract):
            yield {
                "label": _("Name advisers"),
                "url": _staffing(contract),
                "tone": "",
                "why": ngettext("%(n)s post is vacant.", "%(n)s posts are vacant.", vacant) % {"n": vacant},
            }
        today = timezone.localdate(clock.now())
        unpaid = any(i.state != InstalmentState.PAID for i in instalments)
        if rules.can_complete(user, contract) and today > contract.ends_on and not unpaid:
            yield {
                "label": _("Complete the contract"),
                "url": _url("complete", contract),
                "tone": "",
                "why": _("The term is over and everything is paid. Posts close; the record stays."),
            }
    if contract.state in (ContractState.DRAFT, ContractState.ACTIVE) and rules.can_terminate(user, contract):
        yield {"label": _("End early"), "url": _url("terminate", contract), "tone": "stop", "why": ""}


def _instalment_actions(user: Any, contract: Contract, instalment: Instalment) -> Iterator[dict[str, Any]]:
    instalment.contract = contract
    words = {"deliver": _("Hand it over"), "accept": _("Check and accept"), "pay": _("Pay")}
    why = {
        "deliver": _("The service of %(period)s can be handed over: %(sum)s at most."),
        "accept": _("The service of %(period)s waits for your acceptance: %(sum)s at most."),
        "pay": _("The service of %(period)s is accepted and waits for payment: %(sum)s."),
    }
    for act, possible in may(user, instalment).items():
        if possible:
            page = "pay" if act == "pay" else "instalment"
            yield {
                "label": words[act],
                "url": reverse(f"contracts:{page}", args=[instalment.pk]),
                "tone": "",
                "why": why[act] % {"period": term(instalment), "sum": money_words(instalment.payable)},
            }


def may(user: Any, instalment: Instalment) -> dict[str, bool]:
    """Which acts on an instalment the person can do now."""
    if not user.is_authenticated:
        return dict.fromkeys(("deliver", "accept", "pay"), False)
    state, today = instalment.state, timezone.localdate(clock.now())
    outside = not rules.belongs_to_supplier(user, instalment.contract)
    return {
        "deliver": state in (InstalmentState.PLANNED, InstalmentState.REFUSED)
        and rules.can_deliver(user, instalment)
        and period_is_over(instalment, today),
        "accept": state == InstalmentState.DELIVERED and outside and rules.can_accept(user, instalment),
        "pay": state == InstalmentState.ACCEPTED
        and outside
        and instalment.accepted_by_id != user.pk
        and rules.can_pay(user, instalment),
    }


def _signing_actions(user: Any, contract: Contract) -> Iterator[dict[str, Any]]:
    if contract.supplier_signed_at is None:
        if rules.can_sign_as_supplier(user, contract):
            yield {
                "label": _("Sign for the supplier"),
                "url": _url("sign_supplier", contract),
                "tone": "",
                "why": _("You sign first, then the buyer. Both signatures make the contract."),
            }
        elif rules.is_party(user, contract):
            yield {"label": _("The supplier signs next"), "url": "", "tone": "", "why": ""}
        return
    if rules.can_sign_as_buyer(user, contract) and contract.drafted_by_id != user.pk:
        yield {
            "label": _("Sign for the buyer"),
            "url": _url("sign_buyer", contract),
            "tone": "",
            "why": _("The supplier has signed. With your signature the contract begins."),
        }
    elif rules.is_party(user, contract):
        yield {
            "label": _("The buyer signs next"),
            "url": "",
            "tone": "",
            "why": _("The buyer signs next: an approving officer who did not draw it up."),
        }


def _staffing(contract: Contract) -> str:
    """Where advisers are proposed for all vacant posts at once; the room above, if it is there."""
    try:
        return reverse("staffing:contract", args=[contract.pk])
    except NoReverseMatch:
        return "?posts=vacant#posts"


def _url(name: str, contract: Contract) -> str:
    return reverse(f"contracts:{name}", args=[contract.pk])


@public_page
@require_safe
def posts_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Every post with its adviser and what this quarter got: names of advisers and firms, no other personal data."""
    contract = get_contract(request, pk)
    obligations = list(contract.obligations.order_by("pk"))
    posts = list(contract.posts.select_related("region", "adviser").order_by("region_id", "seat"))
    rows = selectors.post_rows(posts, timezone.localdate(clock.now()), obligations)
    counted = [o for o in obligations if is_counted(o)]
    header: list[Any] = [_("code"), _("place"), _("seat"), _("state"), _("adviser"), _("supplier"), _("amount (yuan)")]
    for obligation in counted:
        title = localized(obligation, "title")
        header += [_("%(title)s: due") % {"title": title}, _("%(title)s: done") % {"title": title}]
    header += [_("rating"), _("ratings")]

    def line(row: selectors.PostRow) -> list[Any]:
        by_code = {item.code: item for item in row.items}
        cells: list[Any] = [
            row.post.region_id,
            localized(row.post.region, "name"),
            row.post.seat,
            row.post.get_state_display(),
            localized(row.post.adviser, "display_name") if row.post.adviser else "",
            localized(contract.supplier, "name"),
            row.post.amount.amount,
        ]
        for obligation in counted:
            item = by_code[obligation.code]
            cells += [item.due if item.due is not None else "", item.done]
        return [*cells, row.stars if row.stars is not None else "", row.ratings]

    return csv_response("posts.csv", header, map(line, rows))


@public_page
@require_safe
def instalments_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The instalments as the page of the contract shows them: periods, sums in yuan, states, days."""
    contract = get_contract(request, pk)
    header = (
        _("number"), _("from"), _("to"), _("amount (yuan)"), _("deduction (yuan)"), _("to pay (yuan)"), _("state"),
        _("accepted on"), _("paid on"),
    )  # fmt: skip
    rows = (
        (
            i.number, i.period_from, i.period_to, i.amount.amount, i.deduction.amount, i.payable.amount,
            i.get_state_display(), _date(i.accepted_at), _date(i.paid_at),
        )
        for i in contract.instalments.order_by("number")
    )  # fmt: skip
    return csv_response(f"instalments-{contract.pk}.csv", header, rows)


def _date(instant: datetime | None) -> date | None:
    return timezone.localdate(instant) if instant else None


@public_page
@require_safe
def paper(request: HttpRequest, pk: int) -> HttpResponse:
    """The contract as PDF, in the active language: what was signed, or what a draft will say."""
    contract = get_contract(request, pk)
    content = documents.signed_paper(contract) or documents.contract_paper(contract)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="contract-{contract.pk}.pdf"'
    return response
