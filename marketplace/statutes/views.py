"""The working-day calendar, a calculator of legal dates, and the numbers of the law."""

from __future__ import annotations

import calendar as months
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import dateformat
from django.utils.dates import MONTHS
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from marketplace.core import clock
from marketplace.core.access import public_page
from marketplace.core.errors import DomainError
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized
from marketplace.statutes import forms, rules, selectors, services
from marketplace.statutes.models import CalendarDay, CalendarYear, StatutoryParameter


@dataclass(frozen=True, slots=True)
class Month:
    name: str
    weeks: list[list[CalendarDay | None]]
    working: int


@dataclass(frozen=True, slots=True)
class Holiday:
    """A run of days off, whatever their names, with the weekend days that are worked for it left out."""

    run: list[CalendarDay]

    @property
    def names(self) -> str:
        """``National Day, Mid-Autumn Festival``: each name once, in the order of the days."""
        return _(", ").join(dict.fromkeys(localized(day, "name") for day in self.run))

    @property
    def days(self) -> str:
        """``1 Jan``, ``1 – 3 Jan``, ``28 Jan – 4 Feb``; the year is the page's."""
        first, last = self.run[0].date, self.run[-1].date
        whole = pgettext("date format", "j M")
        if first == last:
            return dateformat.format(first, whole)
        if first.month == last.month:
            begins = pgettext("date format, first of two days of a month", "j")
            ends = pgettext("date format, last of two days of a month", "j M")
            return f"{dateformat.format(first, begins)} – {dateformat.format(last, ends)}"
        return f"{dateformat.format(first, whole)} – {dateformat.format(last, whole)}"


@public_page
@require_GET
def this_year(request: HttpRequest) -> HttpResponse:
    return year(request, clock.today().year)


@public_page
@require_GET
def year(request: HttpRequest, year: int) -> HttpResponse:
    row = get_object_or_404(CalendarYear, year=year)
    days = list(row.days.all())
    known = set(CalendarYear.objects.filter(year__in=[year - 1, year + 1]).values_list("year", flat=True))
    working = [day for day in days if day.is_working]
    context = {
        "year": row,
        "months": _months(days),
        "holidays": _holidays(days),
        "adjusted": [day for day in working if day.date.weekday() >= 5],
        "working_count": len(working),
        "off_count": len(days) - len(working),
        "before": year - 1 if year - 1 in known else None,
        "after": year + 1 if year + 1 in known else None,
        "today": clock.today(),
        "may_edit": rules.can_edit_calendar(request.user),
    }
    return render(request, "statutes/year.html", context)


def _months(days: list[CalendarDay]) -> list[Month]:
    found = []
    for number, group in groupby(days, key=lambda day: day.date.month):
        of_month = list(group)
        cells: list[CalendarDay | None] = [None] * of_month[0].date.weekday() + of_month
        cells += [None] * (-len(cells) % 7)
        weeks = [cells[start : start + 7] for start in range(0, len(cells), 7)]
        found.append(Month(str(MONTHS[number]), weeks, sum(day.is_working for day in of_month)))
    return found


def _holidays(days: list[CalendarDay]) -> list[Holiday]:
    found = []
    off = [day for day in days if not day.is_working and day.name]
    for _key, group in groupby(enumerate(off), key=lambda pair: pair[1].date.toordinal() - pair[0]):
        found.append(Holiday([day for _index, day in group]))
    return found


@public_page
@require_GET
def year_table(request: HttpRequest, year: int) -> HttpResponseBase:
    row = get_object_or_404(CalendarYear, year=year)
    header = [_("Date"), _("Weekday"), _("Working day"), _("Name"), _("Note"), _("Announced")]
    days = (
        [
            day.date.isoformat(), months.day_name[day.date.weekday()], int(day.is_working), localized(day, "name"),
            day.note, int(row.announced),
        ]
        for day in row.days.all()
    )  # fmt: skip
    return csv_response(f"calendar-{year}.csv", header, days)


@public_page
@require_GET
def count(request: HttpRequest) -> HttpResponse:
    """Count a date: what, from when, where; the answer with its reason. The address can be passed on."""
    asked = "rule" in request.GET
    form = forms.CountForm(request.GET if asked else None, initial={"start": clock.today()})
    found = None
    if asked and form.is_valid():
        data = form.cleaned_data
        try:
            found = services.deadline(
                data["rule"].key,
                data["start"],
                on=data["start"],
                region_code=data["place"].code if data["place"] else None,
            )
        except DomainError as error:
            form.add_error("start", str(error))
    return render(request, "statutes/count.html", {"form": form, "found": found})


def _valid_on(request: HttpRequest) -> tuple[forms.ValidOnForm, date, QuerySet[StatutoryParameter]]:
    form = forms.ValidOnForm(request.GET if "on" in request.GET else {"on": clock.today()})
    on = form.day()
    rows = StatutoryParameter.objects.filter(valid_from__lte=on).exclude(valid_to__lt=on)
    return form, on, rows.select_related("rule", "region").order_by("rule__order", "rule__key", "region_id")


TOPICS = ("procurement", "scoring", "money", "redress", "payment", "legal_aid", "volunteering", "records")


@public_page
@require_GET
def parameters(request: HttpRequest) -> HttpResponse:
    form, on, rows = _valid_on(request)
    by_topic: dict[str, list[StatutoryParameter]] = {topic: [] for topic in TOPICS}
    for row in rows:
        row.may_check = row.checked_on is None and rules.can_set(request.user, row.region_id)  # type: ignore[attr-defined]
        by_topic.setdefault(row.rule.topic, []).append(row)
    words = _topic_words()
    context = {
        "form": form,
        "on": on,
        "topics": [(key, words.get(key, key), found) for key, found in by_topic.items() if found],
        "waiting": sum(row.checked_on is None for found in by_topic.values() for row in found),
        "may_set": rules.can_set_somewhere(request.user),
    }
    return render(request, "statutes/parameters.html", context)


@require_POST
def check_parameter(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(StatutoryParameter, pk=pk)
    if not rules.can_set(request.user, row.region_id):
        raise Http404
    services.check_parameter(actor=request.user, parameter=row, now=clock.now())
    messages.success(request, _("Marked as checked against the text of the instrument today."))
    return redirect("statutes:parameters")


def _topic_words() -> dict[str, str]:
    return {
        "procurement": _("Procurement: time limits"),
        "scoring": _("Procurement: scoring and suppliers"),
        "money": _("Money"),
        "redress": _("Enquiry, challenge, complaint"),
        "payment": _("Payment"),
        "legal_aid": _("Legal aid"),
        "volunteering": _("Volunteering"),
        "records": _("Records"),
    }


@public_page
@require_GET
def parameters_table(request: HttpRequest) -> HttpResponseBase:
    _form, on, rows = _valid_on(request)
    header = [
        _("Key"), _("Rule"), _("Value"), _("Unit"), _("Instrument"), _("Article"), _("Valid from"), _("Valid to"),
        _("Region"), _("Note"), _("Checked on"),
    ]  # fmt: skip
    lines: Iterator[list[Any]] = (
        [
            row.rule.key, localized(row.rule, "title"), f"{row.value.normalize():f}", row.get_unit_display(),
            localized(row, "instrument"), row.article, row.valid_from, row.valid_to,
            localized(row.region, "name") if row.region else "", localized(row, "note"), row.checked_on or "",
        ]
        for row in rows
    )  # fmt: skip
    return csv_response(f"statutory-parameters-{on.isoformat()}.csv", header, lines)


def _calendar_editors_only(request: HttpRequest) -> None:
    if not rules.can_edit_calendar(request.user):
        raise Http404


def _refused(form: Form | Any, error: DomainError) -> None:
    form.add_error(error.field if error.field in form.fields else None, str(error))


@require_http_methods(["GET", "POST"])
def edit_day(request: HttpRequest, day: date) -> HttpResponse:
    _calendar_editors_only(request)
    row = get_object_or_404(CalendarDay.objects.select_related("year"), date=day)
    form = forms.DayForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_day(actor=request.user, date=day, now=clock.now(), **form.cleaned_data)
        except DomainError as error:
            _refused(form, error)
        else:
            messages.success(request, _("The day is corrected. Dates that depend on it will be recalculated."))
            return redirect("statutes:year", day.year)
    return render(request, "statutes/edit_day.html", {"form": form, "row": row})


@require_http_methods(["GET", "POST"])
def announce(request: HttpRequest, year: int) -> HttpResponse:
    _calendar_editors_only(request)
    row = get_object_or_404(CalendarYear, year=year)
    form = forms.AnnounceForm(request.POST or None, initial={"instrument": "", "announced_on": None})
    if request.method == "POST" and form.is_valid():
        try:
            services.announce_year(actor=request.user, year=year, now=clock.now(), **form.cleaned_data)
        except DomainError as error:
            _refused(form, error)
        else:
            messages.success(request, _("The holidays are entered. Provisional dates will be recalculated."))
            return redirect("statutes:year", year)
    return render(request, "statutes/announce.html", {"form": form, "year": row})


@require_http_methods(["GET", "POST"])
def new_parameter(request: HttpRequest) -> HttpResponse:
    if not rules.can_set_somewhere(request.user):
        raise Http404
    present = selectors.parameters_on(clock.today()).filter(rule__key=request.GET.get("rule", "")).first()
    form = forms.ParameterForm(
        request.POST or None,
        everywhere=rules.can_set(request.user, None),
        initial={
            "rule": request.GET.get("rule", ""),
            "unit": present.unit if present else "",
            "valid_from": clock.today(),
        },
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        rule, region = data.pop("rule"), data.pop("region")
        try:
            services.set_parameter(
                actor=request.user, rule_key=rule.key, region_code=region and region.code, now=clock.now(), **data
            )
        except DomainError as error:
            _refused(form, error)
        else:
            messages.success(request, _("The value is entered. It applies to matters dated on or after its first day."))
            return redirect("statutes:parameters")
    return render(request, "statutes/new_parameter.html", {"form": form, "present": present})
