from __future__ import annotations

from django.urls import path

from . import views, views_payment, views_posts, views_signing

app_name = "contracts"
urlpatterns = [
    path("", views.index, name="list"),
    path("draft/<int:award_pk>/", views_signing.draft, name="draft"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/instalments.csv", views.instalments_csv, name="instalments_csv"),
    path("<int:pk>/posts.csv", views.posts_csv, name="posts_csv"),
    path("<int:pk>/contract.pdf", views.paper, name="paper"),
    path("<int:pk>/sign/supplier/", views_signing.sign_supplier, name="sign_supplier"),
    path("<int:pk>/sign/buyer/", views_signing.sign_buyer, name="sign_buyer"),
    path("<int:pk>/complete/", views_signing.complete, name="complete"),
    path("<int:pk>/end/", views_signing.terminate, name="terminate"),
    path("instalments/<int:pk>/", views_payment.sheet, name="instalment"),
    path("instalments/<int:pk>/pay/", views_payment.pay, name="pay"),
    path("posts/<int:pk>/", views_posts.staff, name="post"),
    path("posts/<int:pk>/leave/", views_posts.leave, name="leave"),
    path("posts/<int:pk>/rate/", views_posts.rate, name="rate"),
]
