"""Every address of the site. An app's own addresses stand in its `urls.py`."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.cache import never_cache
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.admin.auth import require_admin_access
from wagtail.documents import urls as wagtaildocs_urls

from cms.account import EditorAccountView
from marketplace.accounts.access import one_door

urlpatterns: list[URLPattern | URLResolver] = [
    path("account/auth/", include("allauth.urls")),
    path("language/", include("django.conf.urls.i18n")),
    # The back offices have no door of their own.
    path("admin/login/", one_door),
    path("admin/", admin.site.urls),
    path("cms-admin/login/", one_door),
    path("cms-admin/account/", require_admin_access(never_cache(EditorAccountView.as_view()))),
    path("cms-admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("places/", include("marketplace.regions.urls")),
    path("calendar/", include("marketplace.statutes.urls")),
    path("account/", include("marketplace.accounts.urls")),
    path("ledger/", include("marketplace.ledger.urls")),
    path("audit/", include("marketplace.audit.urls")),
    path("visits/", include("marketplace.timesheets.urls")),
    path("incentives/", include("marketplace.incentives.urls")),
    path("procurement/", include("marketplace.procurement.urls")),
    path("contracts/", include("marketplace.contracts.urls")),
    path("staffing/", include("marketplace.staffing.urls")),
    path("volunteering/", include("volunteers.urls")),
    path("catalogue/", include("catalog.urls")),
    # The workspace and the coverage pages; search and preferences.
    path("", include("marketplace.dashboards.urls")),
    path("", include("cms.urls")),
    # Last: Wagtail answers for every address that is left.
    path("", include(wagtail_urls)),
]
