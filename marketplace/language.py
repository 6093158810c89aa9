"""Chinese unless a person chose English."""

from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware


class ChosenLanguageMiddleware(LocaleMiddleware):
    """Goes by the switch (its cookie) and never by the browser's own language.

    Public notices are Chinese documents: a browser set up in English must not show the same link in another wording.
    """

    def process_request(self, request: HttpRequest) -> None:
        request.META.pop("HTTP_ACCEPT_LANGUAGE", None)
        super().process_request(request)
