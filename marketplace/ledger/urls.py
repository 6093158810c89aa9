from __future__ import annotations

from django.urls import path

from . import views

app_name = "ledger"
urlpatterns = [
    path("", views.statement, name="statement"),
    path("holders/<str:name>/", views.holder, name="holder"),
    path("trial-balance/", views.trial_balance, name="trial_balance"),
]
