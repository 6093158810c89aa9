"""Choosing one of many people by typing: the input proposes, and without scripts one types the name."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from marketplace.core.forms import SuggestInput
from marketplace.core.i18n import localized

from .errors import SeveralOfThisName, UnknownPerson
from .models import User

PROPOSALS = 12
#: of those who cannot be told apart, so many are named
NAMED = 3
_NUMBER = re.compile(r"#([0-9]{1,18})\s*$")


def proposal(person: User) -> str:
    """What stands in the input: the name, and a number because two may have one name."""
    return f"{localized(person, 'display_name')} #{person.pk}"


def find_people(text: str, people: QuerySet[User], limit: int = PROPOSALS) -> list[User]:
    """Those of ``people`` whose name in either language holds ``text``, the shortest first; or the one whose number
    it ends with."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:80]
    number = _NUMBER.search(text)
    if number:
        person = people.filter(pk=int(number[1])).first()
        name = text[: number.start()].strip()
        return [person] if person is not None and name in (person.display_name, person.display_name_en, "") else []
    if not text:
        return []
    named = people.filter(Q(display_name__icontains=text) | Q(display_name_en__icontains=text))
    return list(named.order_by(Length("display_name"), "display_name", "pk")[:limit])


class PersonField(forms.CharField):
    """One of ``people``: takes a proposal or a name. Cleans to `User`. A form sets both in its ``__init__``."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("Begin to type the name, and choose."))
        super().__init__(widget=SuggestInput, max_length=120, **kwargs)
        self.people: QuerySet[User] = User.objects.none()

    def limit_to(self, people: QuerySet[User], suggest_url: str) -> None:
        """Only ``people`` may be chosen; ``suggest_url`` proposes from them, with `propose_people`."""
        self.people, self.widget.suggest_url = people, suggest_url

    def prepare_value(self, value: Any) -> Any:
        return proposal(value) if isinstance(value, User) else value

    def clean(self, value: Any) -> User | None:
        text = super().clean(value)
        if not text:
            return None
        found = find_people(text, self.people, limit=PROPOSALS)
        exact = [person for person in found if text in (person.display_name, person.display_name_en)] or found
        if len(exact) == 1:
            return exact[0]
        if not exact:
            refusal: UnknownPerson | SeveralOfThisName = UnknownPerson()
        else:
            names = pgettext("list", ", ").join(proposal(person) for person in exact[:NAMED])
            refusal = SeveralOfThisName(names=names)
        raise ValidationError(str(refusal), code=refusal.code)


def propose_people(request: HttpRequest, people: QuerySet[User]) -> HttpResponse:
    """Options for the input that ``field`` names, each with the place of the person's office. Who may ask is asked before."""
    text = request.GET.get(request.GET.get("field", ""), "")
    found = find_people(text, people.select_related("practitioner__region"))
    options = [(proposal(person), _office(person)) for person in found]
    return render(request, "core/_proposals.html", {"options": options})


def _office(person: User) -> str:
    profile = getattr(person, "practitioner", None)
    return localized(profile.region, "name") if profile is not None and profile.region_id else ""
