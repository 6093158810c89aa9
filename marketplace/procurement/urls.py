from importlib.util import find_spec

from django.urls import include, path

from . import views_bidding as bidding
from . import views_plan as plan
from . import views_public as public
from . import views_tender as tender

app_name = "procurement"

urlpatterns = [
    path("", public.index, name="index"),
    path("notices.csv", public.index_csv, name="index_csv"),
    path("receipts/verify/", public.verify, name="verify"),
    path("receipts/key.json", public.receipt_key, name="receipt_key"),
    # The buyer's desk
    path("budget/", plan.budget_lines, name="budget_lines"),
    path("budget/new/", plan.budget_new, name="budget_new"),
    path("plans/", plan.plans, name="plans"),
    path("plans/new/", plan.plan_new, name="plan_new"),
    path("plans/<int:pk>/", plan.plan, name="plan"),
    path("plans/<int:pk>/edit/", plan.plan_edit, name="plan_edit"),
    path("plans/<int:pk>/submit/", plan.plan_submit, name="plan_submit"),
    path("plans/<int:pk>/decide/", plan.plan_decide, name="plan_decide"),
    path("plans/<int:pk>/cancel/", plan.plan_cancel, name="plan_cancel"),
    path("plans/<int:pk>/tender/", plan.plan_tender, name="plan_tender"),
    path("tenders/", tender.tenders, name="tenders"),
    # The supplier's desk
    path("bids/", bidding.bids, name="bids"),
    path("bids/<uuid:receipt>/", bidding.own_bid, name="own_bid"),
    path("bids/<uuid:receipt>/receipt.<str:form>", bidding.receipt_file, name="receipt_file"),
    path("bids/<uuid:receipt>/content.json", bidding.content_file, name="content_file"),
    path("bids/<uuid:receipt>/withdraw/", bidding.withdraw, name="withdraw"),
    # One tender
    path("<int:pk>/", public.tender, name="tender"),
    path("<int:pk>/document.pdf", public.document, name="document"),
    path("<int:pk>/notices/<int:notice>/", public.notice, name="notice"),
    path("<int:pk>/edit/", tender.edit, name="edit"),
    path("<int:pk>/lots/new/", tender.lot, name="lot_new"),
    path("<int:pk>/lots/<int:number>/", tender.lot, name="lot"),
    path("<int:pk>/lots/<int:number>/remove/", tender.lot_remove, name="lot_remove"),
    path("<int:pk>/lots/<int:number>/criteria/", tender.criteria, name="criteria"),
    path("<int:pk>/submit/", tender.submit, name="submit"),
    path("<int:pk>/decide/", tender.decide, name="decide"),
    path("<int:pk>/publish/", tender.publish, name="publish"),
    path("<int:pk>/amend/", tender.amend, name="amend"),
    path("<int:pk>/cancel/", tender.cancel, name="cancel"),
    path("<int:pk>/questions/", tender.ask, name="ask"),
    path("<int:pk>/questions/<int:question>/", tender.answer, name="answer"),
    path("<int:pk>/bid/", bidding.start, name="bid_start"),
    path("<int:pk>/lots/<int:number>/bid/", bidding.bid, name="bid"),
    path("<int:pk>/lots/<int:number>/bid/review/", bidding.review, name="bid_review"),
    path("<int:pk>/lots/<int:number>/bid/copy.json", bidding.copy, name="bid_copy"),
    path("<int:pk>/lots/<int:number>/bid/discard/", bidding.discard, name="bid_discard"),
    path("<int:pk>/lots/<int:number>/bid/files/<int:attachment>/", bidding.remove_file, name="bid_file_remove"),
    # Opening, evaluation, award
    *([path("", include(f"{__package__}.urls_evaluation"))] if find_spec(f"{__package__}.urls_evaluation") else []),
]
