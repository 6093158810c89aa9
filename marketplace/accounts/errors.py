"""Why an act of this room is refused. The message says what to do next; the code is stable."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from marketplace.core.errors import DomainError, InvalidInput


class AccountsError(DomainError):
    """Base of this room's refusals."""

    code = "accounts_refused"


class OwnCase(AccountsError):
    code = "own_case"
    message = _("Nobody decides their own case. Ask a colleague who may decide it.")
    http_status = 403


class RoleNotForKind(AccountsError):
    code = "role_not_for_kind"
    message = _("An organisation of this kind has no such role. Choose one of the roles that are offered.")
    http_status = 422


class LastAdministrator(AccountsError):
    code = "last_administrator"
    message = _("An organisation needs an administrator. Name another one first.")


class AlreadyMember(AccountsError):
    code = "already_member"
    message = _("This person already has this role here, or an invitation or request for it is waiting.")


class NoOffice(AccountsError):
    code = "no_office"
    message = _(
        "First say where you work: enter your office in your practice profile, or your place of residence in your account."
    )


class WrongNumber(InvalidInput):
    """A code with a wrong form or check digit."""

    code = "wrong_number"


class UnknownPerson(InvalidInput):
    code = "unknown_person"
    message = _(
        "Nobody who could be chosen here has this name. Type a part of the name and choose one of the proposals."
    )


class SeveralOfThisName(InvalidInput):
    code = "several_of_this_name"
    message = _("Several people fit: %(names)s. Choose one of the proposals, or type the name with its number.")


class UnknownOrganisation(InvalidInput):
    code = "unknown_organisation"
    message = _(
        "No organisation that could be chosen here has this name or credit code. Type a part of the name and choose one of the "
        "proposals."
    )


class SeveralOrganisations(InvalidInput):
    code = "several_organisations"
    message = _(
        "Several organisations fit: %(names)s. Choose one of the proposals, or type the credit code or the name with its number."
    )
