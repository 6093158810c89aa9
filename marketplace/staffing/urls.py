from django.urls import path

from . import views, views_people

app_name = "staffing"

urlpatterns = [
    path("", views.index, name="index"),
    path("vacant/", views.vacant, name="vacant"),
    path("vacant.csv", views.vacant_csv, name="vacant_csv"),
    path("contracts/<int:pk>/", views.contract, name="contract"),
    path("contracts/<int:pk>/villages.csv", views.contract_csv, name="contract_csv"),
    path("contracts/<int:pk>/compute/", views.compute, name="compute"),
    path("contracts/<int:pk>/volunteers/", views.call, name="call"),
    path("runs/<int:pk>/", views.run, name="run"),
    path("runs/<int:pk>/progress/", views.progress, name="progress"),
    path("runs/<int:pk>/plan.csv", views.plan_csv, name="plan_csv"),
    path("runs/<int:pk>/problem.json", views.problem, name="problem"),
    path("runs/<int:pk>/publish/", views.publish, name="publish"),
    path("runs/<int:pk>/cancel/", views.cancel, name="cancel"),
    path("runs/<int:pk>/empty/<int:post_id>/", views.empty, name="empty"),
    path("runs/<int:pk>/why-not/", views_people.why_not, name="why_not"),
    path("assignments/<int:pk>/", views_people.assignment, name="assignment"),
    path("assignments/<int:pk>/accept/", views_people.accept, name="accept"),
    path("assignments/<int:pk>/decline/", views_people.decline, name="decline"),
    path("assignments/<int:pk>/withdraw/", views_people.withdraw, name="withdraw"),
    path("proposals/", views_people.proposals, name="proposals"),
    path("proposals/accept-all/", views_people.accept_all, name="accept_all"),
    path("villages/<int:code>/", views_people.village, name="village_reason"),
]
