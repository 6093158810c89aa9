"""Words of the catalogue for templates of every room above it."""

from __future__ import annotations

from django import template
from django.template.defaultfilters import linebreaks_filter
from django.utils.html import format_html

from catalog.standards import standard_words

register = template.Library()

register.filter("standard_words", standard_words)


@register.filter
def headed(text: str) -> str:
    """Paragraphs; a first line of its own that is no sentence becomes their heading."""
    first, _, rest = text.strip().partition("\n")
    if not rest or first.rstrip().endswith(("。", "；", "：", ".", ";", ":")):
        return format_html("{}", linebreaks_filter(text))
    return format_html("<h2>{}</h2>{}", first.strip(), linebreaks_filter(rest))
