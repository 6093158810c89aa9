from django.urls import path

from . import views

app_name = "audit"
urlpatterns = [
    path("", views.index, name="index"),
    path("seals.csv", views.seals_csv, name="seals_csv"),
    path("verify_export.py", views.verifier, name="verifier"),
    path("search/", views.search, name="search"),
    path("trail/<str:subject_type>/<str:subject_id>/", views.trail, name="trail"),
]
