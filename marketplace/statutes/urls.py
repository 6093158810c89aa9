from datetime import date

from django.urls import path, register_converter

from marketplace.statutes import views


class DateConverter:
    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)  # a ValueError is "no such address"

    def to_url(self, value: date) -> str:
        return value.isoformat()


register_converter(DateConverter, "iso_date")

app_name = "statutes"

urlpatterns = [
    path("", views.this_year, name="calendar"),
    path("count/", views.count, name="count"),
    path("rules/", views.parameters, name="parameters"),
    path("rules.csv", views.parameters_table, name="parameters_table"),
    path("rules/<int:pk>/check/", views.check_parameter, name="check_parameter"),
    path("rules/new/", views.new_parameter, name="new_parameter"),
    path("day/<iso_date:day>/", views.edit_day, name="edit_day"),
    path("<int:year>/", views.year, name="year"),
    path("<int:year>.csv", views.year_table, name="year_table"),
    path("<int:year>/announce/", views.announce, name="announce"),
]
