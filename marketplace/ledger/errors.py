"""Why the ledger refuses."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from marketplace.core.errors import DomainError, InvalidInput


class UnknownAccount(InvalidInput):
    code = "unknown_account"
    message = _("There is no account %(account)s. Open it before anything moves.")


class AccountMismatch(DomainError):
    code = "account_mismatch"
    message = _("The account %(account)s is already open in another unit or for another holder.")


class UnitMismatch(InvalidInput):
    code = "unit_mismatch"
    message = _("The amount and both accounts must be in the same unit, in whole numbers for minutes and points.")


class BudgetCrossed(InvalidInput):
    code = "budget_crossed"
    message = _("The money of a budget line moves only between its own accounts. Choose accounts of one line.")


class InsufficientBalance(DomainError):
    code = "insufficient_balance"
    message = _("There is not enough on this account. Check its balance and choose a smaller amount.")


class KeyReused(DomainError):
    code = "key_reused"
    message = _("This request was already carried out with other content. Start again from a fresh page.")


class AlreadyReversed(DomainError):
    code = "already_reversed"
    message = _("This transfer has already been corrected. Check the statement before you act again.")


class NotReversible(DomainError):
    code = "not_reversible"
    message = _("A correction cannot itself be corrected. Post what should have been posted.")
