"""The supervisor's search."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from . import labels


class SearchForm(forms.Form):
    person = forms.CharField(
        label=pgettext_lazy("who", "Person"), required=False, max_length=80, help_text=_("Part of the name")
    )
    action = forms.ChoiceField(label=_("Action"), required=False)
    since = forms.DateField(label=pgettext_lazy("search", "First day"), required=False, widget=forms.DateInput)
    until = forms.DateField(label=pgettext_lazy("search", "Last day"), required=False, widget=forms.DateInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = sorted(labels.named_actions().items(), key=lambda pair: pair[1])
        action: Any = self.fields["action"]
        action.choices = [("", _("Any action")), *named]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day lies before the first. Exchange the two dates."))
        return data
