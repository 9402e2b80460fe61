"""Words that are stored, as an outcome or a state, in the reader's language: where they stand on a page."""

from django import template

from mailwatch.stored_words import word

register = template.Library()
register.filter("said", word)
