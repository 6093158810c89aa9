from django.urls import path

from . import views

app_name = "catalog"

urlpatterns = [path("versions/<int:pk>/", views.version, name="version")]
