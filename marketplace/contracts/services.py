"""Everything that can be done to a contract; by stage in three files."""

from .services_contract import (
    complete_contract,
    draft_contract,
    recount_deadlines,
    sign_as_buyer,
    sign_as_supplier,
    terminate_contract,
)
from .services_payment import accept_instalment, deliver_instalment, pay_instalment, refuse_instalment
from .services_posts import fill_post, rate_post, vacate_post

__all__ = [
    "accept_instalment",
    "complete_contract",
    "deliver_instalment",
    "draft_contract",
    "fill_post",
    "pay_instalment",
    "rate_post",
    "recount_deadlines",
    "refuse_instalment",
    "sign_as_buyer",
    "sign_as_supplier",
    "terminate_contract",
    "vacate_post",
]
