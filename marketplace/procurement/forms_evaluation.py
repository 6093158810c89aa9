"""Forms of opening, check, panel, scores and decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.core.i18n import localized

from .models import Criterion, FailureGround, InvalidReason, OpenedBid, Score, Tender
from .scoring import plain


class ReleaseForm(forms.Form):
    passphrase = forms.CharField(
        label=_("Your passphrase"),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        strip=False,
        max_length=200,
        help_text=_("It makes your key for a moment and is kept nowhere."),
    )


class FailForm(forms.Form):
    """Why a procurement ends without an award: one of ``grounds``, in the words of its method."""

    ground = forms.ChoiceField(label=_("Legal ground"), widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("Reason in Chinese (will be published)"),
        help_text=_("Required for unlawful acts and for a cancelled procurement."),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        max_length=2000,
    )
    note_en = forms.CharField(
        label=_("Reason in English"), widget=forms.Textarea(attrs={"rows": 2}), required=False, max_length=2000
    )

    def __init__(self, data: Any = None, *, tender: Tender, grounds: Iterable[FailureGround]) -> None:
        super().__init__(data)
        grounds = list(grounds)
        self.fields["ground"].choices = [(g.value, tender.wording.grounds[g]) for g in grounds]  # type: ignore[attr-defined]
        if not {FailureGround.UNLAWFUL, FailureGround.CANCELLED} & {*grounds}:
            self.fields["note"].help_text = ""


class CheckForm(forms.Form):
    """What an officer finds about one bid."""

    CHOICES = (("yes", _("Valid: goes to the panel")), ("no", _("Invalid")))

    verdict = forms.ChoiceField(label=_("Finding"), choices=CHOICES, widget=forms.RadioSelect)
    code = forms.ChoiceField(label=_("If invalid: ground"), required=False)
    reason = forms.CharField(
        label=_("If invalid: reason, told to the bidder"),
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        max_length=2000,
    )
    price_explanation = forms.CharField(
        label=_("How the bidder explains the low price"),
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        max_length=2000,
    )

    def __init__(self, bid: OpenedBid, data: Any = None, *, low_price: bool = False) -> None:
        found = {True: "yes", False: "no", None: None}[bid.qualified]
        initial = {
            "verdict": found,
            "code": bid.invalid_code,
            "reason": bid.invalid_reason,
            "price_explanation": bid.price_explanation,
        }
        super().__init__(data, initial=initial, prefix=f"b{bid.pk}")
        grounds = [(key, word) for key, word in InvalidReason.choices if key != InvalidReason.UNREADABLE]
        self.fields["code"].choices = [("", "–"), *grounds]  # type: ignore[attr-defined]
        if not low_price and not bid.price_explanation:
            del self.fields["price_explanation"]


class _PeopleField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """People by their names in the active language."""

    def label_from_instance(self, obj: Any) -> str:
        return localized(obj, "display_name")


class DrawForm(forms.Form):
    experts_needed = forms.IntegerField(label=_("Experts to draw"), min_value=1, max_value=25)
    representatives = _PeopleField(
        label=_("Representatives of the buyer"),
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "At most a third of the panel. Anyone who drafted or approved this procurement or holds a "
            "key share cannot sit on it."
        ),
    )
    complex_matter = forms.BooleanField(
        label=_("Complex or of great public interest"),
        required=False,
        help_text=_("An open tender then needs at least seven members, a consultation a law expert."),
    )
    seed = forms.CharField(
        label=_("Number drawn in public"),
        required=False,
        max_length=80,
        help_text=_("Only if the parties want one; the digest of all bids is the seed in any case."),
    )

    def __init__(self, data: Any = None, *, colleagues: Any, smallest: int) -> None:
        super().__init__(data, initial={"experts_needed": smallest})
        self.fields["representatives"].queryset = colleagues  # type: ignore[attr-defined]
        if not colleagues.exists():
            del self.fields["representatives"]


class DeclareForm(forms.Form):
    """What a member declares, in the words of the tender's method and in the active language."""

    free = forms.BooleanField(
        help_text=_(
            "In the past three years I have not been employed by any of them, nor been a director or "
            "supervisor, controlling shareholder or actual controller of any of them. I am not the spouse, a "
            "lineal relative, a collateral relative within three generations or a close in-law of the head of "
            "any of them. I have no other tie that might affect my judgement (Regulation on the Implementation "
            "of the Government Procurement Law, art. 9)."
        ),
    )
    alone = forms.BooleanField(label=_("I evaluate independently and keep everything confidential"))

    def __init__(self, tender: Tender, data: Any = None) -> None:
        super().__init__(data)
        words = {"bidders": tender.wording.bidders, "bids": tender.wording.bids}
        self.fields["free"].label = gettext("I have no interest in or tie to any of these %(bidders)s") % words
        self.fields["alone"].help_text = (
            gettext("I will discuss the %(bids)s and the points with nobody until the result is published.") % words
        )


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}), max_length=1000)


@dataclass(frozen=True, slots=True)
class Cell:
    """A field of the scoring sheet: points and a note for one bid on one factor."""

    bid: OpenedBid
    criterion: Criterion
    points: str
    note: str
    error: str
    #: In a re-review: whether the members differed here, and this member's points before it where they are others now.
    differed: bool = False
    before: str = ""

    @property
    def name(self) -> str:
        return f"p_{self.bid.pk}_{self.criterion.pk}"

    @property
    def note_name(self) -> str:
        return f"n_{self.bid.pk}_{self.criterion.pk}"


class ScoreSheet:
    """One lot's sheet: what was kept, what was typed, what of it cannot be kept.

    Not a Django form: a field each of bids × factors, read cell by cell, so that one wrong number holds up no other.
    """

    def __init__(
        self, bids: list[OpenedBid], criteria: list[Criterion], kept: dict[tuple[int, int], Score], data: Any = None
    ) -> None:
        self.bids, self.criteria, self.kept, self.data = bids, criteria, kept, data
        self.errors: dict[tuple[int, int], str] = {}
        #: In a re-review: where the members differed, and this member's points before it.
        self.differed: set[tuple[int, int]] = set()
        self.before: dict[tuple[int, int], Decimal] = {}

    def cells(self) -> Iterator[tuple[OpenedBid, Criterion, str, str]]:
        """What was typed: (bid, factor, points as text, note)."""
        for bid in self.bids:
            for criterion in self.criteria:
                name = f"_{bid.pk}_{criterion.pk}"
                if f"p{name}" in self.data:
                    yield bid, criterion, self.data[f"p{name}"].strip(), self.data.get(f"n{name}", "").strip()

    def rows(self) -> list[tuple[Criterion, list[Cell]]]:
        """By factor: a cell for every bid."""
        typed = {(b.pk, c.pk): (points, note) for b, c, points, note in self.cells()} if self.data else {}
        return [(criterion, [self._cell(bid, criterion, typed) for bid in self.bids]) for criterion in self.criteria]

    def _cell(self, bid: OpenedBid, criterion: Criterion, typed: dict[tuple[int, int], tuple[str, str]]) -> Cell:
        key = (bid.pk, criterion.pk)
        kept = self.kept.get(key)
        points, note = typed.get(key, (plain(kept.points) if kept else "", kept.note if kept else ""))
        before = self.before.get(key)
        changed = before is not None and kept is not None and kept.points != before
        return Cell(
            bid,
            criterion,
            points,
            note,
            self.errors.get(key, ""),
            differed=key in self.differed,
            before=plain(before) if changed and before is not None else "",
        )

    def totals(self) -> list[tuple[OpenedBid, Decimal]]:
        """By bid: the points kept so far."""
        return [
            (bid, sum((s.points for (key, _criterion), s in self.kept.items() if key == bid.pk), Decimal(0)))
            for bid in self.bids
        ]

    @property
    def most(self) -> Decimal:
        """What the members can give together with all factors; the price's points come on top."""
        return sum((criterion.points for criterion in self.criteria), Decimal(0))

    @property
    def missing(self) -> int:
        return len(self.bids) * len(self.criteria) - len(self.kept)


class AwardForm(forms.Form):
    note = forms.CharField(
        label=_("Anything to add to the reasons (Chinese)"),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        max_length=2000,
        help_text=_("Published with the result."),
    )
    note_en = forms.CharField(
        label=_("The same in English"), widget=forms.Textarea(attrs={"rows": 2}), required=False, max_length=2000
    )
    confirm = forms.BooleanField(label=_("I have read the ranking and the reasons and award as shown"))
