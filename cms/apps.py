from django.apps import AppConfig
from django.forms import Field
from django.utils.translation import gettext_lazy as _

from marketplace.core import search


class CmsConfig(AppConfig):
    name = "cms"
    label = "cms"

    def ready(self) -> None:
        # Models exist only now.
        from .search import page_hits

        search.register(page_hits)
        # One refusal in our words for every form of the site.
        Field.default_error_messages["required"] = _("Please fill this in.")
