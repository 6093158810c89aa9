"""The record of contracts in words."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from marketplace.audit.labels import register


def name_acts() -> None:
    register(
        {
            "contract.draft": _("drew up the contract"),
            "contract.sign_supplier": _("signed for the supplier"),
            "contract.activate": _("signed for the buyer: the contract began"),
            "contract.complete": _("completed the contract"),
            "contract.terminate": _("ended the contract early"),
            "contract.recount": _("the signing deadline was counted again"),
            "post.fill": _("named an adviser"),
            "post.vacate": _("made the post vacant"),
            "post.close": _("closed the post"),
            "post.rate": _("rated the service"),
            "post.rate_again": _("changed the rating"),
            "instalment.deliver": _("handed the period over"),
            "instalment.accept": _("accepted the delivery"),
            "instalment.refuse": _("sent the delivery back"),
            "instalment.pay": _("paid"),
            "instalment.void": _("the instalment fell away"),
            "instalment.recount": _("the payment deadline was counted again"),
        },
        {
            "award": _("award"),
            "amount": _("amount"),
            "sign_by": _("to be signed until"),
            "in_time": _("in time"),
            "posts": _("posts"),
            "papers": _("paper (SHA-256)"),
            **dict(settings.LANGUAGES),
            "supplier_signed_by": _("signed for the supplier (account)"),
            "freed": _("set free (yuan)"),
            "adviser": _("adviser (account)"),
            "since": _("since"),
            "quarter": _("quarter"),
            "stars": _("rating"),
            "deduction": _("deduction (yuan)"),
            "proposed": _("deduction by the formula (yuan)"),
            "ratings": _("ratings"),
            "paid": _("paid (yuan)"),
            "field": _("what"),
        },
    )
