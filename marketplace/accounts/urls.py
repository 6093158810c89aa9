from django.urls import path, re_path

from . import views, views_credentials, views_organisations, views_sanctions

app_name = "accounts"
urlpatterns = [
    path("", views.profile, name="profile"),
    path("start/", views.start, name="start"),
    path("edit/", views.edit, name="edit"),
    path("identity/", views.identity, name="identity"),
    path("practice/", views.practice, name="practice"),
    path("key/", views.holder_key, name="holder_key"),
    path("relations/", views.relations, name="relations"),
    path("data/", views.my_data, name="my_data"),
    path("people/<int:pk>/", views.practitioner, name="practitioner"),
    path("credentials/submit/", views_credentials.submit, name="credential_submit"),
    path("credentials/<int:pk>/correct/", views_credentials.submit, name="credential_correct"),
    path("review/", views_credentials.review_queue, name="review_queue"),
    path("review/<int:pk>/", views_credentials.review, name="review"),
    path("organisations/", views_organisations.find, name="organisations"),
    path("organisations/suggest/", views_organisations.suggest, name="suggest_organisation"),
    path("organisations/register/", views_organisations.register, name="register"),
    path("organisations/<int:pk>/", views_organisations.organisation, name="organisation"),
    path("organisations/<int:pk>/edit/", views_organisations.edit, name="organisation_edit"),
    path("organisations/<int:pk>/join/", views_organisations.join, name="join"),
    path("organisations/<int:pk>/members/", views_organisations.members, name="members"),
    path("organisations/<int:pk>/verify/", views_credentials.verify_organisation, name="verify_organisation"),
    re_path(
        r"^memberships/(?P<pk>[0-9]{1,18})/(?P<action>accept|approve|end)/$",
        views_organisations.membership,
        name="membership",
    ),
    path("exclusions/", views_sanctions.sanctions, name="sanctions"),
    path("exclusions/<int:pk>/", views_sanctions.sanction, name="sanction"),
    re_path(r"^exclusions/(?P<party>organisation|person)/$", views_sanctions.impose, name="impose"),
    re_path(r"^exclusions/(?P<party>organisation|person)/suggest/$", views_sanctions.suggest, name="suggest_party"),
    path("persona/<str:username>/", views.persona, name="persona"),
    path("visitor/", views.visitor, name="visitor"),
]
