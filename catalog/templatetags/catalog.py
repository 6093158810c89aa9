"""Words of the catalogue for templates of every room above it."""

from django import template

from catalog.standards import standard_words

register = template.Library()

register.filter("standard_words", standard_words)
