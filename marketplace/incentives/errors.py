"""Refusals about policies, accruals and payouts."""

from django.utils.translation import gettext_lazy as _

from marketplace.core.errors import DomainError, InvalidInput, PermissionRefused


class BadRules(InvalidInput):
    code = "bad_rules"
    message = _("The rules do not hold together: %(problems)s")


class EndsBeforeStart(InvalidInput):
    code = "ends_before_start"
    message = _("The last day lies before the first. Leave it empty if the policy has no end yet.")


class OutsideTerritory(InvalidInput):
    code = "outside_territory"
    message = _("%(payer)s can only set rules for its own area: %(area)s, or a part of it.")


class NotInForce(DomainError):
    code = "policy_not_in_force"
    message = _("This policy is not in force, so it has no last day to set.")


class LastDayPast(InvalidInput):
    code = "last_day_past"
    message = _("The last day is today or later: what was served already keeps its rules.")


class PolicyOverlaps(DomainError):
    code = "policy_overlaps"
    message = _("Another policy is in force in this region at that time. End it, or let this one begin later.")


class OwnDraft(PermissionRefused):
    code = "own_draft"
    message = _("Whoever drafted a policy cannot adopt it. Ask another approving officer.")


class NoteNeeded(InvalidInput):
    code = "note_needed"
    message = _("Say in a few words why: the person who claimed will read it.")


class NothingToClaim(DomainError):
    code = "nothing_to_claim"
    message = _("There is no subsidy to pay out yet. It appears here once the village has confirmed your service.")


class ClaimOpen(DomainError):
    code = "claim_open"
    message = _("Your last claim is still under way. Wait until it is paid or returned.")


class FundTooSmall(DomainError):
    code = "fund_too_small"
    message = _("The incentive fund of %(payer)s is too small. Its finance officer has to top it up first.")
