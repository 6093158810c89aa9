"""The bid form: kept as an encrypted draft while it grows, turned into what is sealed."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from moneyed import CNY, Money

from marketplace.core.forms import MoneyField, parse_amount
from marketplace.core.i18n import localized

from .bid_content import MAX_FILES, Attachment, BidContent, Response, TeamMember
from .models_tender import CriterionKind, Lot
from .scoring import plain


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once; what they are is checked by the service, from their bytes."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, (list, tuple)) else [data]
        return [super(FilesField, self).clean(each, initial) for each in given if each]


def _files() -> FilesField:
    return FilesField(
        label=_("PDF files (optional)"),
        required=False,
        help_text=_("At most five, each of at most 10 MB. They are sealed with the bid."),
    )


class BidForm(forms.Form):
    """Everything may be empty in a draft; ``content`` is complete or the service says what is missing."""

    price = MoneyField(label=_("Price for the whole lot and term"), required=False)
    small_or_micro = forms.BooleanField(
        label=_("We declare that we are a small or micro enterprise"),
        required=False,
        help_text=_(
            "The declaration is published with the result (Caiku [2020] 46, arts. 11, 13). A false one is punished."
        ),
    )
    legal_representative = forms.CharField(label=_("Legal representative or head"), max_length=60, required=False)
    contact_name = forms.CharField(label=_("Contact person"), max_length=60, required=False)
    contact_phone = forms.CharField(label=_("Contact's phone"), max_length=40, required=False)
    team = forms.CharField(
        label=_("Proposed team"),
        widget=forms.Textarea(attrs={"rows": 5}),
        required=False,
        help_text=_("One person per line: name, licence number, experience, separated by commas."),
    )
    note = forms.CharField(
        label=_("Anything else (optional)"), widget=forms.Textarea(attrs={"rows": 3}), max_length=20_000, required=False
    )

    def __init__(self, lot: Lot, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lot = lot
        for criterion in lot.criteria.all():
            if criterion.kind == CriterionKind.PRICE:
                self.fields["price"].label = _("Price for the whole lot and term (%(points)s points)") % {
                    "points": plain(criterion.points)
                }
        self.judged = [c for c in lot.criteria.all() if c.kind != CriterionKind.PRICE]
        last = {"note": self.fields.pop("note"), "files": _files()}
        for criterion in self.judged:
            self.fields[f"response_{criterion.pk}"] = forms.CharField(
                label=_label(criterion),
                widget=forms.Textarea(attrs={"rows": 6}),
                max_length=20_000,
                required=False,
                help_text=localized(criterion, "guidance"),
            )
        self.fields.update(last)

    def clean_team(self) -> str:
        lines = [line.strip() for line in self.cleaned_data["team"].splitlines() if line.strip()]
        if len(lines) > 500:
            raise ValidationError(_("Name at most 500 people; attach a longer list as a PDF."))
        return "\n".join(lines)

    def values(self) -> dict[str, Any]:
        """What the draft keeps: plain JSON of all but the files, whether valid or not."""
        kept: dict[str, Any] = {}
        for name in self.fields:
            if name == "files":
                continue
            if name == "price":
                kept[name] = self.data.get("price_0", "")
            elif name == "small_or_micro":
                kept[name] = bool(self.data.get(name))
            else:
                kept[name] = self.data.get(name, "")
        return kept

    @staticmethod
    def initial_of(values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "price": price_of(values)}


def price_of(values: dict[str, Any]) -> Money | None:
    """The price that a draft holds as it was typed; None if there is none, or if it can be read in two ways."""
    try:
        return Money(parse_amount(str(values.get("price") or "")), CNY)
    except ValidationError:
        return None


def content_of(lot: Lot, values: dict[str, Any], files: tuple[Attachment, ...]) -> BidContent:
    """What a draft says, as it would be sealed; a missing price counts as zero, which the service refuses."""

    def text(name: str) -> str:
        return str(values.get(name) or "").strip()

    return BidContent(
        price=price_of(values) or Money(0, CNY),
        small_or_micro=bool(values.get("small_or_micro")),
        legal_representative=text("legal_representative"),
        contact_name=text("contact_name"),
        contact_phone=text("contact_phone"),
        team=tuple(_member(line) for line in text("team").splitlines() if line.strip()),
        responses=tuple(
            Response(c.pk, c.title, text(f"response_{c.pk}"))
            for c in lot.criteria.all()
            if c.kind != CriterionKind.PRICE
        ),
        note=text("note"),
        attachments=files[:MAX_FILES],
    )


def answers_of(lot: Lot, content: BidContent | None) -> list[tuple[str, str]]:
    """What a bid says to each judged factor: (the factor in the active language, the text).

    The bid itself holds the factor's Chinese title, which was sealed with it.
    """
    titles = {criterion.pk: localized(criterion, "title") for criterion in lot.criteria.all()}
    return [(titles.get(r.criterion, r.title), r.text) for r in content.responses] if content else []


def _member(line: str) -> TeamMember:
    parts = [part.strip() for part in re.split(r"[,，\t]", line, maxsplit=2)]
    return TeamMember(*[*parts, "", ""][:3])


def _label(criterion: Any) -> Any:
    return _("%(title)s (%(points)s points)") % {
        "title": localized(criterion, "title"),
        "points": plain(criterion.points),
    }
