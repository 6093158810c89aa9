from django.urls import path

from . import views

app_name = "dashboards"

urlpatterns = [
    path("workspace/", views.workspace, name="workspace"),
    path("coverage/", views.coverage, name="nation"),
    path("coverage/<int:code>/", views.coverage, name="coverage"),
    path("coverage/<int:code>/visits/", views.visits, name="visits"),
    path("coverage/areas.csv", views.areas_csv, name="nation_csv"),
    path("coverage/<int:code>/areas.csv", views.areas_csv, name="areas_csv"),
    path("coverage/<int:code>/villages.csv", views.villages_csv, name="villages_csv"),
]
