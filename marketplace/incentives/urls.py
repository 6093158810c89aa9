from django.urls import path

from . import views

app_name = "incentives"

urlpatterns = [
    path("", views.policies, name="policies"),
    path("policies/new/", views.new_policy, name="new_policy"),
    path("policies/<int:pk>/", views.policy, name="policy"),
    path("policies/<int:pk>/trial/", views.trial, name="trial"),
    path("policies/<int:pk>/adopt/", views.adopt, name="adopt"),
    path("policies/<int:pk>/discard/", views.discard, name="discard"),
    path("policies/<int:pk>/end/", views.end, name="end"),
    path("claims/", views.claims, name="claims"),
    path("claims/submit/", views.submit, name="submit"),
    path("claims/<int:pk>/<slug:action>/", views.move, name="move"),
    path("fund/", views.fund, name="fund"),
]
