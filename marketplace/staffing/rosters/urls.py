"""Addresses of rosters, in the name space of staffing."""

from django.urls import path

from . import views, views_deal, views_duty

urlpatterns = [
    path("rosters/", views.index, name="rosters"),
    path("contracts/<int:pk>/rosters/new/", views.new, name="roster_new"),
    path("calls/<int:pk>/roster/new/", views.new_for_call, name="roster_new_call"),
    path("rosters/<int:pk>/", views.roster, name="roster"),
    path("rosters/<int:pk>/roster.csv", views.roster_csv, name="roster_csv"),
    path("rosters/<int:pk>/shifts/add/", views.shift_add, name="roster_shift_add"),
    path("rosters/<int:pk>/open/", views.open_for_offers, name="roster_open"),
    path("rosters/<int:pk>/close/", views.close, name="roster_close"),
    path("rosters/<int:pk>/cancel/", views.cancel, name="roster_cancel"),
    path("rosters/<int:pk>/offer/", views.offer, name="roster_offer"),
    path("rosters/<int:pk>/deal/", views_deal.request_deal, name="roster_deal"),
    path("roster-shifts/<int:pk>/", views_deal.why, name="roster_shift"),
    path("roster-shifts/<int:pk>/change/", views.shift_change, name="roster_shift_change"),
    path("deals/<int:pk>/", views_deal.deal, name="deal"),
    path("deals/<int:pk>/progress/", views_deal.progress, name="deal_progress"),
    path("deals/<int:pk>/plan.csv", views_deal.plan_csv, name="deal_csv"),
    path("deals/<int:pk>/problem.json", views_deal.problem, name="deal_problem"),
    path("deals/<int:pk>/send/", views_deal.send, name="deal_send"),
    path("deals/<int:pk>/cancel/", views_deal.cancel, name="deal_cancel"),
    path("duties/", views_duty.mine, name="duties"),
    path("duties/confirm-all/", views_duty.confirm_all, name="duties_confirm"),
    path("duties/my-shifts.ics", views_duty.duties_ics, name="duties_ics"),
    path("duties/<int:pk>/confirm/", views_duty.confirm, name="duty_confirm"),
    path("duties/<int:pk>/decline/", views_duty.decline, name="duty_decline"),
    path("duties/<int:pk>/give-back/", views_duty.give_back, name="duty_give_back"),
    path("duties/<int:pk>/withdraw/", views_duty.withdraw, name="duty_withdraw"),
    path("duties/<int:pk>/swap/", views_duty.swap, name="duty_swap"),
    path("swaps/<int:pk>/agree/", views_duty.swap_agree, name="swap_agree"),
    path("swaps/<int:pk>/refuse/", views_duty.swap_refuse, name="swap_refuse"),
    path("swaps/<int:pk>/withdraw/", views_duty.swap_withdraw, name="swap_withdraw"),
]
