"""What a password must be, in words that Django has no Chinese for or says less politely than this site."""

from __future__ import annotations

from django.contrib.auth import password_validation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

#: Django's own hints, named here so that our catalogue translates them
DJANGOS_HINTS = (
    gettext_noop("Your password can’t be too similar to your other personal information."),
    gettext_noop("Your password can’t be a commonly used password."),
    gettext_noop("Your password can’t be entirely numeric."),
)


class LengthValidator(password_validation.MinimumLengthValidator):
    def get_error_message(self) -> str:
        return _("Too short: use at least %(n)s characters.") % {"n": self.min_length}

    def get_help_text(self) -> str:
        return _("At least %(n)s characters; a sentence that you remember is good.") % {"n": self.min_length}
