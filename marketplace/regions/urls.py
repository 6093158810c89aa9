from django.urls import path

from marketplace.regions import views

app_name = "regions"

urlpatterns = [
    path("", views.nation, name="nation"),
    path("suggest", views.suggest, name="suggest"),
    path("<int:code>/", views.place, name="place"),
    path("<int:code>/places.csv", views.table, name="table"),
    path("<int:code>/edit/", views.edit, name="edit"),
]
