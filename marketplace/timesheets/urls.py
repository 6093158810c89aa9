from django.urls import path

from . import views

app_name = "timesheets"

urlpatterns = [
    path("", views.mine, name="mine"),
    path("record/<str:kind>/<int:pk>/", views.record, name="record"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/check-out/", views.check_out, name="check_out"),
    path("<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("<int:pk>/confirm/", views.confirm, name="confirm"),
    path("<int:pk>/dispute/", views.dispute, name="dispute"),
    path("<int:pk>/answer/", views.answer, name="answer"),
    path("<int:pk>/decide/", views.decide, name="decide"),
    path("confirm/", views.to_confirm, name="to_confirm"),
    path("disputes/", views.disputes, name="disputes"),
]
