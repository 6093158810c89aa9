"""Any Django form as accessible HTML: label, help, error, native inputs, a summary of errors with links."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import BLANK_CHOICE_DASH
from django.forms.boundfield import BoundField
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from djmoney.forms.widgets import MoneyWidget

#: after these of a label stands no colon
_ENDS = ("?", "？", ":", "：")
_LISTS = (forms.RadioSelect, forms.CheckboxSelectMultiple)


def render_form(
    form: Any, fields: str = "", *, explain_star: bool = True, whole: bool = False, **labels: Any
) -> SafeString:
    """All fields of ``form`` (or those named in ``fields``), its hidden ones and a summary of its errors.

    ``whole``: the summary tells of the errors of all fields, also of those that the page places itself.
    ``labels`` are better words for a library's form: ``{% render_form form login=_("E-mail") %}``.
    The ``<form>`` element, the CSRF token and the buttons are the page's own. A formset comes with its management form.
    """
    if isinstance(form, forms.BaseFormSet):
        return _formset(form)
    for name, label in labels.items():
        # A form that comes back has made its bound fields already, with the library's words.
        form.fields[name].label = form[name].label = label
        form.fields[name].widget.attrs.pop("placeholder", None)
    names = fields.split() or list(form.fields)
    bound = [form[name] for name in names]
    visible = [field for field in bound if not field.is_hidden]
    hidden = [field for field in bound if field.is_hidden]
    starred = not all(field.field.required for field in visible)
    return render_to_string(
        "core/_form.html",
        {
            "fields": [_parts(field, starred=starred) for field in visible],
            "hidden": hidden,
            "summary": list(_summary(form, list(form) if whole else bound)) if form.is_bound else [],
            "explain_star": explain_star and starred and any(field.field.required for field in visible),
        },
    )


def render_field(field: BoundField) -> SafeString:
    """One field, for pages that order them themselves."""
    if field.is_hidden:
        return field.as_widget()
    return render_to_string("core/_field.html", {"part": _parts(field)})


def _formset(formset: Any) -> SafeString:
    """Each form under its ``legend`` if it has one; the star is explained once."""
    forms = [(getattr(form, "legend", ""), render_form(form, explain_star=n == 0)) for n, form in enumerate(formset)]
    return render_to_string("core/_formset.html", {"formset": formset, "forms": forms})


def _summary(form: forms.BaseForm, bound: Iterable[BoundField]) -> Iterable[tuple[str, str]]:
    """(address of the field or empty, message) for every error."""
    for error in form.non_field_errors():
        yield "", str(error)
    for field in bound:
        for error in field.errors:
            # "Which months?" is followed by no colon.
            pattern = "%(label)s %(message)s" if str(field.label)[-1:] in _ENDS else _("%(label)s: %(message)s")
            text = str(error) if field.is_hidden else pattern % {"label": field.label, "message": error}
            yield f"#{_first_id(field)}", text


def _first_id(field: BoundField) -> str:
    widget = field.field.widget
    return f"{field.auto_id}_0" if isinstance(widget, (*_LISTS, forms.MultiWidget)) else field.auto_id


def _parts(field: BoundField, *, starred: bool = True) -> dict[str, Any]:
    widget = field.field.widget
    if str(widget.attrs.get("placeholder", "")) == str(field.label):
        del widget.attrs["placeholder"]
    _use_native_input(widget)
    _say_the_blank(field.field)
    kind = "plain"
    control: Any = ""
    if isinstance(widget, _LISTS):
        kind = "list"
    elif isinstance(widget, forms.CheckboxInput):
        kind = "check"
    elif isinstance(widget, MoneyWidget):
        kind, control = "plain", _money(field, widget)
    elif isinstance(widget, forms.MultiWidget):
        kind = "several"
    return {
        "field": field,
        "kind": kind,
        "starred": starred and field.field.required,
        "control": control,
        "for": _first_id(field),
        "choices": list(field) if kind == "list" else [],
        "help_id": f"{field.auto_id}_helptext",
        "error_id": f"{field.auto_id}_error",
    }


def _use_native_input(widget: Any) -> None:
    """Dates and times get the browser's own inputs, whose values are always ISO 8601."""
    if isinstance(widget, forms.MultiWidget):
        for part in widget.widgets:
            _use_native_input(part)
    if isinstance(widget, forms.Textarea) and widget.attrs.get("rows") == "10":
        widget.attrs["rows"] = "5"
    for kind, input_type, pattern in (
        (forms.DateTimeInput, "datetime-local", "%Y-%m-%dT%H:%M"),
        (forms.DateInput, "date", "%Y-%m-%d"),
        (forms.TimeInput, "time", "%H:%M"),
    ):
        if isinstance(widget, kind):
            widget.input_type, widget.format = input_type, pattern
            return


def _say_the_blank(field: Any) -> None:
    """What is chosen when nothing is, in words instead of Django's row of dashes."""
    dashes = BLANK_CHOICE_DASH[0][1]
    words = _("Please choose") if field.required else _("No choice")
    if getattr(field, "empty_label", None) == dashes:
        field.empty_label = words
        field.widget.choices = field.choices
    elif isinstance(field.widget, forms.Select) and not hasattr(field, "queryset"):
        field.widget.choices = [(value, words if label == dashes else label) for value, label in field.widget.choices]


def _money(field: BoundField, widget: MoneyWidget) -> SafeString:
    """The amount after its sign; the only currency goes along unseen."""
    value = field.value()
    amount, currency = widget.decompress(value) if not isinstance(value, (list, tuple)) else value
    attrs = field.build_widget_attrs({"id": f"{field.auto_id}_0", "inputmode": "decimal", "autocomplete": "off"})
    if field.field.required:
        attrs["required"] = True
    if field.errors:
        attrs["aria-invalid"] = "true"
    name = field.html_name
    return format_html(
        '<div class="affix"><span aria-hidden="true">¥</span>{}</div><input type="hidden" name="{}" value="{}">',
        forms.TextInput().render(f"{name}_0", amount, attrs),
        f"{name}_1",
        currency or "CNY",
    )
