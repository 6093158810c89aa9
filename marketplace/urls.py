"""Every address of the site. An app's own addresses stand in its `urls.py`."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

_APPS = {
    "places/": "marketplace.regions",
    "calendar/": "marketplace.statutes",
    "account/": "marketplace.accounts",
    "ledger/": "marketplace.ledger",
    "audit/": "marketplace.audit",
    "visits/": "marketplace.timesheets",
    "incentives/": "marketplace.incentives",
    "procurement/": "marketplace.procurement",
    "contracts/": "marketplace.contracts",
    "staffing/": "marketplace.staffing",
    "volunteering/": "volunteers",
    "catalogue/": "catalog",
    # The workspace, the coverage pages and the home of each role share the root.
    "": "marketplace.dashboards",
}

urlpatterns: list[URLPattern | URLResolver] = [
    path("account/auth/", include("allauth.urls")),
    path("language/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
    path("cms-admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    *(path(prefix, include(f"{name}.urls")) for prefix, name in _APPS.items() if find_spec(f"{name}.urls")),
    path("", include("cms.urls")),
    # Last: Wagtail answers for every address that is left.
    path("", include(wagtail_urls)),
]
