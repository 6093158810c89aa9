"""The record of contracts in words."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.visibility import people_names
from marketplace.audit.labels import register, register_names, register_subjects, yuan
from marketplace.core.i18n import localized
from marketplace.procurement.models import Award

from .models import Contract, Instalment, Post
from .templatetags.contracts import seat_words


def name_acts() -> None:
    register(
        {
            "contract.draft": _("drew up the contract"),
            "contract.sign_supplier": _("signed for the supplier"),
            "contract.activate": _("signed for the buyer: contract in force"),
            "contract.complete": _("completed the contract"),
            "contract.terminate": _("ended the contract early"),
            "contract.recount": _("the signing deadline was recalculated"),
            "post.fill": _("filled the post"),
            "post.vacate": _("made the post vacant"),
            "post.close": _("closed the post"),
            "post.rate": _("rated the service"),
            "post.rate_again": _("changed the rating"),
            "instalment.deliver": _("handed over the service of the period"),
            "instalment.accept": _("accepted the delivery"),
            "instalment.refuse": _("sent the delivery back"),
            "instalment.pay": _("paid"),
            "instalment.void": _("the instalment was cancelled"),
            "instalment.recount": _("the payment deadline was recalculated"),
        },
        # in the order of pages
        {
            "award": _("winner"),
            "amount": _("amount"),
            "sign_by": _("to be signed by"),
            "supplier_signed_by": _("signed for the supplier by"),
            "in_time": _("in time"),
            "posts": _("posts"),
            "adviser": _("adviser"),
            "since": _("since"),
            "quarter": _("quarter"),
            "stars": _("rating"),
            "ratings": _("ratings"),
            "proposed": _("deduction under the formula"),
            "deduction": _("deduction"),
            "paid": _("paid"),
            "voucher": _("payment order"),
            "freed": _("set free"),
            "field": _("what"),
            "papers": _("contract text (SHA-256)"),
            "zh-hans": _("in Chinese"),
            "en": _("in English"),
        },
        values=dict.fromkeys(("amount", "freed", "deduction", "proposed", "paid"), yuan),
    )
    register_names("adviser", people_names)
    register_names("supplier_signed_by", people_names)
    register_names("award", _winners)
    register_subjects("contracts.contract", _contracts)
    register_subjects("contracts.post", _posts)
    register_subjects("contracts.instalment", _instalments)


def _winners(keys: Iterable[int]) -> dict[int, str]:
    found = Award.objects.filter(pk__in=list(keys)).select_related("bid__supplier").defer("bid__sealed_content")
    return {award.pk: localized(award.bid.supplier, "name") for award in found}


def _contracts(keys: Iterable[int]) -> dict[int, str]:
    return {contract.pk: contract.number for contract in Contract.objects.filter(pk__in=list(keys))}


def _posts(keys: Iterable[int]) -> dict[int, str]:
    found = Post.objects.filter(pk__in=list(keys)).select_related("region", "contract")
    return {
        post.pk: f"{localized(post.region, 'name')}{seat_words(post.seat)} · {post.contract.number}" for post in found
    }


def _instalments(keys: Iterable[int]) -> dict[int, str]:
    found = Instalment.objects.filter(pk__in=list(keys)).select_related("contract")
    return {
        part.pk: gettext("%(contract)s, instalment %(number)s")
        % {"contract": part.contract.number, "number": part.number}
        for part in found
    }
