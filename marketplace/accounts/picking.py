"""Choosing one of many people or organisations by typing: the input proposes, and without scripts one types the name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from marketplace.core.errors import InvalidInput
from marketplace.core.forms import SuggestInput
from marketplace.core.i18n import localized

from . import identifiers
from .errors import SeveralOfThisName, SeveralOrganisations, UnknownOrganisation, UnknownPerson
from .models import Organisation, User

PROPOSALS = 12
#: of those who cannot be told apart, so many are named
NAMED = 3
M = TypeVar("M", bound=Model)
_NUMBER = re.compile(r"#([0-9]{1,18})\s*$")


def proposal(found: User | Organisation) -> str:
    """What stands in the input: the name, and a number because two may have one name."""
    return f"{localized(found, _name_field(type(found)))} #{found.pk}"


def _name_field(model: type[Model]) -> str:
    return "display_name" if model is User else "name"


def _names(found: Model) -> tuple[str, str]:
    field = _name_field(type(found))
    return getattr(found, field), getattr(found, f"{field}_en")


def _find(text: str, among: QuerySet[M], limit: int, also: Q | None = None) -> list[M]:
    """Those whose name in either language holds ``text`` or who fulfil ``also``, the shortest first; or the one whose
    number it ends with."""
    number = _NUMBER.search(text)
    if number:
        one = among.filter(pk=int(number[1])).first()
        name = text[: number.start()].strip()
        return [one] if one is not None and name in (*_names(one), "") else []
    if not text:
        return []
    field = _name_field(among.model)
    named = Q(**{f"{field}__icontains": text}) | Q(**{f"{field}_en__icontains": text})
    return list(among.filter(named | also if also else named).order_by(Length(field), field, "pk")[:limit])


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:120]


def find_people(text: str, people: QuerySet[User], limit: int = PROPOSALS) -> list[User]:
    """Those of ``people`` whom ``text`` may mean: a part of a name, or a proposal."""
    return _find(_plain(text), people, limit)


def find_organisations(text: str, organisations: QuerySet[Organisation], limit: int = PROPOSALS) -> list[Organisation]:
    """Those of ``organisations`` that ``text`` may mean: a part of a name, a credit code, or a proposal."""
    text = _plain(text)
    return _find(text, organisations, limit, also=Q(credit_code=identifiers.compact(text)))


class _PickField(forms.CharField):
    """One of ``among``: takes a proposal or a name. A form says in its ``__init__`` from whom, by ``limit_to``."""

    model: ClassVar[type[User | Organisation]]
    unknown: ClassVar[type[InvalidInput]]
    several: ClassVar[type[InvalidInput]]
    search: ClassVar[Callable[..., list[Any]]]

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("Start typing the name, then choose from the list."))
        super().__init__(widget=SuggestInput, max_length=180, **kwargs)
        self.among: QuerySet[Any] = self.model._default_manager.none()

    def limit_to(self, among: QuerySet[Any], suggest_url: str) -> None:
        """Only ``among`` may be chosen; ``suggest_url`` proposes from them, with `propose_people` or `propose_organisations`."""
        self.among, self.widget.suggest_url = among, suggest_url

    def prepare_value(self, value: Any) -> Any:
        return proposal(value) if isinstance(value, (User, Organisation)) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        found = type(self).search(text, self.among)
        exact = [one for one in found if text in _names(one)] or found
        if len(exact) == 1:
            return exact[0]
        if not exact:
            refusal = self.unknown()
        else:
            refusal = self.several(names=pgettext("list", ", ").join(proposal(one) for one in exact[:NAMED]))
        raise ValidationError(str(refusal), code=refusal.code)


class PersonField(_PickField):
    """One of the people to whom a form limits it. Cleans to `User`."""

    model, unknown, several = User, UnknownPerson, SeveralOfThisName
    search = staticmethod(find_people)


class OrganisationField(_PickField):
    """One of the organisations to which a form limits it, also by its credit code. Cleans to `Organisation`."""

    model, unknown, several = Organisation, UnknownOrganisation, SeveralOrganisations
    search = staticmethod(find_organisations)


def propose_people(request: HttpRequest, people: QuerySet[User]) -> HttpResponse:
    """Options for the input that ``field`` names, each with the place of the person's office. Who may ask is asked before."""
    found = find_people(_typed(request), people.select_related("practitioner__region"))
    return _options(request, [(proposal(person), _office(person)) for person in found])


def propose_organisations(request: HttpRequest, organisations: QuerySet[Organisation]) -> HttpResponse:
    """The same of organisations, each with its kind and seat."""
    found = find_organisations(_typed(request), organisations.select_related("region"))
    return _options(
        request, [(proposal(each), f"{each.get_kind_display()} · {localized(each.region, 'name')}") for each in found]
    )


def _typed(request: HttpRequest) -> str:
    return request.GET.get(request.GET.get("field", ""), "")


def _options(request: HttpRequest, options: list[tuple[str, str]]) -> HttpResponse:
    return render(request, "core/_proposals.html", {"options": options})


def _office(person: User) -> str:
    profile = getattr(person, "practitioner", None)
    return localized(profile.region, "name") if profile is not None and profile.region_id else ""
