"""What people fill in about teams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Specialty
from marketplace.accounts.picking import PersonField
from marketplace.contracts.models import Contract
from marketplace.matching.teams.problem import MOST_SPECIALTIES
from marketplace.staffing.forms import PublishForm
from marketplace.staffing.models import AssignmentRun
from marketplace.staffing.models_teams import QuarrelKind
from marketplace.staffing.states import RunShape

from .wishes import RADIUS, USUAL, YEARS


def _few(values: Sequence[str]) -> None:
    if len(values) > MOST_SPECIALTIES:
        raise forms.ValidationError(
            gettext("At most %(most)s fields of law can be asked of one team. Choose those that matter most.")
            % {"most": MOST_SPECIALTIES}
        )


def covers_field() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=_("Fields of law that the team must cover"),
        help_text=_("Each must be known by at least one member. Without all of them no team is proposed."),
        choices=Specialty.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        validators=[_few],
    )


def seniors_field(seats: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=_("Experienced members at least"), min_value=0, max_value=seats, initial=min(USUAL.seniors, seats)
    )


class _Ways(forms.Form):
    """Longest way and what makes a member experienced: one answer for all teams of a computation."""

    radius_minutes = forms.IntegerField(
        label=_("Longest journey (minutes, one way)"),
        help_text=_("Farther lawyers are not proposed, however few there are. Each lawyer's own limit holds too."),
        min_value=RADIUS[0],
        max_value=RADIUS[1],
        initial=USUAL.radius_minutes,
    )
    senior_years = forms.IntegerField(
        label=_("Years of practice of an experienced member"),
        help_text=_("Counted from the first licence."),
        min_value=YEARS[0],
        max_value=YEARS[1],
        initial=USUAL.senior_years,
    )


class TeamForm(_Ways):
    """What a contract's team must be. ``seats``: those of the whole team."""

    def __init__(self, *args: Any, seats: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["covers"] = covers_field()
        self.fields["seniors"] = seniors_field(seats)
        self.order_fields(["covers", "seniors", "senior_years", "radius_minutes"])

    @classmethod
    def like(cls, run: AssignmentRun | None, seats: int) -> TeamForm:
        """A form that begins with what was asked last."""
        names = ("radius_minutes", "covers", "seniors", "senior_years")
        known = run is not None and run.shape == RunShape.TEAM
        return cls(seats=seats, initial={name: run.parameters[name] for name in names} if known and run else None)

    def wishes(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class JointForm(_Ways):
    """Which teams are computed together, and what each must be. ``seats``: contract → seats of its whole team."""

    def __init__(
        self, *args: Any, contracts: Sequence[Contract], seats: Mapping[int, int], last: Mapping[int, AssignmentRun],
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.contracts = contracts
        for contract in contracts:
            key, run = contract.pk, last.get(contract.pk)
            known = run.parameters if run is not None and run.shape == RunShape.TEAM else {}
            self.fields[f"with_{key}"] = forms.BooleanField(
                label=_("compute this team with the others"), required=False, initial=True
            )
            covers, seniors = covers_field(), seniors_field(seats[key])
            seniors.required = False
            covers.initial = known.get("covers", [])
            seniors.initial = known.get("seniors", seniors.initial)
            self.fields[f"covers_{key}"], self.fields[f"seniors_{key}"] = covers, seniors

    def groups(self) -> list[tuple[Contract, str]]:
        """Each contract with the names of its fields, as ``render_form`` takes them."""
        return [(each, f"with_{each.pk} covers_{each.pk} seniors_{each.pk}") for each in self.contracts]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        chosen = [each for each in self.contracts if given.get(f"with_{each.pk}")]
        if not self.errors and not chosen:
            raise forms.ValidationError(gettext("Choose at least one team."))
        for each in chosen:
            if given.get(f"seniors_{each.pk}") is None and f"seniors_{each.pk}" not in self.errors:
                self.add_error(f"seniors_{each.pk}", gettext("Say how many. None is 0."))
        return given

    def wishes(self) -> dict[int, dict[str, Any]]:
        given = self.cleaned_data
        return {
            each.pk: {
                "radius_minutes": given["radius_minutes"],
                "senior_years": given["senior_years"],
                "covers": given[f"covers_{each.pk}"],
                "seniors": given[f"seniors_{each.pk}"],
            }
            for each in self.contracts
            if given[f"with_{each.pk}"]
        }


class TeamPublishForm(PublishForm):
    """Whether repairs of the team follow by themselves."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rounds"].label = _("When seats are declined or not answered")
        self.fields["rounds"].help_text = _(
            "Everybody who accepted or may still answer stays, and others are asked for what the team then "
            "lacks. It starts when all answers are in or the deadline has passed. You can stop it at any time."
        )


class QuarrelForm(forms.Form):
    """With whom a person may not sit in one team, and why."""

    other = PersonField(
        label=pgettext_lazy("of a team", "Colleague"),
        help_text=_("A lawyer of a firm for which you practise. Start typing the name, then choose from the list."),
    )
    kind = forms.ChoiceField(label=_("Reason"), choices=QuarrelKind.choices)
    note = forms.CharField(
        label=_("In your words"),
        help_text=_("Kept encrypted. Only you can read it."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=500,
    )

    def __init__(self, *args: Any, colleagues: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["other"]
        field.limit_to(colleagues, reverse("staffing:suggest_colleague"))
