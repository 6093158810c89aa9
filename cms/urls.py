from django.urls import path

from . import views

app_name = "cms"

urlpatterns = [
    path("search/", views.search_page, name="search"),
    path("preferences/", views.preferences, name="preferences"),
    path("patterns/", views.patterns, name="patterns"),
    path("robots.txt", views.robots, name="robots"),
    path("sitemap.xml", views.sitemap_index, name="sitemap"),
    path("sitemap-<slug:section>.xml", views.sitemap_section, name="sitemap_section"),
]
