from django.urls import path

from . import views, views_organise

app_name = "volunteers"

urlpatterns = [
    path("", views.find, name="find"),
    path("join/", views.join, name="join"),
    path("leave/", views.leave, name="leave"),
    path("mine/", views.mine, name="mine"),
    path("<int:pk>/", views.opportunity, name="opportunity"),
    path("shifts/<int:pk>/sign-up/", views.sign_up, name="sign_up"),
    path("sign-ups/<int:pk>/cancel/", views.cancel, name="cancel"),
    path("sign-ups/<int:pk>/accept/", views.accept, name="accept"),
    path("organised/", views_organise.organised, name="organised"),
    path("organised/new/", views_organise.create, name="create"),
    path("organised/absences/<int:pk>/", views_organise.absences, name="absences"),
    path("organised/<int:pk>/", views_organise.manage, name="manage"),
    path("organised/<int:pk>/edit/", views_organise.edit, name="edit"),
    path("organised/<int:pk>/meeting/", views_organise.meeting, name="meeting"),
    path("organised/<int:pk>/<slug:action>/", views_organise.move, name="move"),
    path("sign-ups/<int:pk>/emergency-contact/", views_organise.emergency_contact, name="emergency_contact"),
    path("attendance/<int:pk>/", views_organise.attendance, name="attendance"),
    path("organised/<int:pk>/people.csv", views_organise.people_csv, name="people_csv"),
]
