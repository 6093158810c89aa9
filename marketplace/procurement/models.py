"""Buying: budget lines and plans, tenders and lots, questions, sealed bids, opening, evaluation, award, notices.

The models stand in three files by stage; this one is what Django and other rooms import.
"""

from .models_bidding import Bid, BidDraft, DraftAttachment, InvalidReason, KeyShare, OpenedBid, OpenedFile
from .models_evaluation import Award, BidResult, Evaluator, FailureGround, LotFailure, ReviewedScore, Score
from .models_tender import BudgetLine, Criterion, CriterionKind, Lot, Method, Notice, NoticeKind, Plan, Question, Tender

__all__ = [
    "Award",
    "Bid",
    "BidDraft",
    "BidResult",
    "BudgetLine",
    "Criterion",
    "CriterionKind",
    "DraftAttachment",
    "Evaluator",
    "FailureGround",
    "InvalidReason",
    "KeyShare",
    "Lot",
    "LotFailure",
    "Method",
    "Notice",
    "NoticeKind",
    "OpenedBid",
    "OpenedFile",
    "Plan",
    "Question",
    "ReviewedScore",
    "Score",
    "Tender",
]
