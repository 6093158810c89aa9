"""Forms of budget lines, plans and decisions."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from catalog.selectors import live_products
from marketplace.accounts.models import Organisation
from marketplace.core import clock
from marketplace.core.errors import DomainError
from marketplace.core.forms import LocalizedChoiceField, MoneyField
from marketplace.core.i18n import localized
from marketplace.core.words import money_words

from . import budget
from .models_tender import BudgetLine, Method, Plan
from .services_plan import bound_of, problems_of


def refuse(form: forms.BaseForm, error: DomainError) -> None:
    """Put a refusal where it belongs: at its field, or over the form. What was typed stays."""
    field = error.field if error.field in form.fields else None
    form.add_error(field, str(error))


class BudgetLineField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A line with what may still be planned from it."""

    left: dict[int, Money]

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.fiscal_year} · {obj.code} · {localized(obj, 'name')} · {money_words(self.left[obj.pk])}"


class BudgetLineForm(forms.Form):
    organisation = LocalizedChoiceField(label=_("Buyer"), queryset=Organisation.objects.none())
    fiscal_year = forms.IntegerField(label=_("Fiscal year"), min_value=2015, max_value=2100)
    code = forms.CharField(label=_("Budget code"), max_length=40, help_text=_("As it stands in the approved budget."))
    name = forms.CharField(label=_("Name"), max_length=120)
    name_en = forms.CharField(label=_("Name in English"), max_length=160, required=False)
    appropriated = MoneyField(label=_("Approved budget"))

    def __init__(self, buyers: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = buyers  # type: ignore[attr-defined]
        self.fields["organisation"].initial = buyers.first()
        self.fields["fiscal_year"].initial = clock.today().year


class PlanForm(forms.Form):
    """A plan of one buyer, which is chosen before."""

    title = forms.CharField(label=_("Title"), max_length=120, help_text=_("The notice shows it as you write it."))
    title_en = forms.CharField(label=_("Title in English"), max_length=160, required=False)
    product = LocalizedChoiceField(
        label=_("Catalogue product"),
        queryset=None,
        name_field="title",
        help_text=_("Only products in the published catalogue may be bought."),
    )
    budget_line = BudgetLineField(
        label=_("Budget line"),
        queryset=BudgetLine.objects.none(),
        help_text=_("The last figure is the amount still available for plans."),
    )
    amount = MoneyField(label=_("Amount"))
    method = forms.ChoiceField(label=_("Method"), choices=Method.choices, widget=forms.RadioSelect)
    method_reason = forms.CharField(
        label=_("Why this method"), widget=forms.Textarea(attrs={"rows": 3}), help_text=_("Cite the article of law.")
    )
    need = forms.CharField(
        label=_("Findings of the needs survey"),
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_(
            "Public service projects need a survey first: who was asked, and what was found (Caiku [2021] 22, "
            "arts. 10, 11)."
        ),
    )
    service_from = forms.DateField(label=_("Service from"), widget=forms.DateInput)
    service_to = forms.DateField(label=_("Service to (inclusive)"), widget=forms.DateInput)

    def __init__(self, buyer: Organisation, *args: Any, plan: Plan | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.buyer = buyer
        self.fields["product"].queryset = live_products()  # type: ignore[attr-defined]
        lines = BudgetLine.objects.filter(organisation=buyer).order_by("-fiscal_year", "code")
        states, bound = budget.states_of(list(lines)), bound_of(list(lines))
        self.fields["budget_line"].left = {  # type: ignore[attr-defined]
            pk: states[pk].available - bound[pk] for pk in states
        }
        self.fields["budget_line"].queryset = lines  # type: ignore[attr-defined]
        if plan is not None:
            self.initial = {name: getattr(plan, name) for name in self.fields}
        else:
            year = clock.today().year + 1
            self.initial = {
                "method": Method.CONSULTATION,
                "service_from": date(year, 1, 1),
                "service_to": date(year, 12, 31),
            }

    def clean_product(self) -> Any:
        return self.cleaned_data["product"].specific

    def clean(self) -> dict[str, Any]:
        """Everything that the service would refuse, at its fields and all at once."""
        given = self.cleaned_data
        judged = ("budget_line", "product", "amount", "service_from", "service_to")
        for problem in problems_of(
            organisation=self.buyer, on=clock.today(), **{name: given[name] for name in judged if name in given}
        ):
            refuse(self, problem)
        return given


class DecisionForm(forms.Form):
    """Approve, or return with what has to change."""

    note = forms.CharField(
        label=_("Note"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Required when you return it: this is all the drafter will see."),
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}))
