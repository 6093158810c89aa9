"""Signing up and signing in with a name, a mobile number or an e-mail address, however it is typed."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from marketplace.core import clock

from . import identifiers, services
from .models import User
from .privacy import NOTICE_VERSION


class AccountAdapter(DefaultAccountAdapter):
    error_messages: ClassVar = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": _(
            "Too many wrong passwords. Wait half an hour and try again; if you have forgotten yours, ask for a new one below."
        ),
    }

    def clean_username(self, username: str, shallow: bool = False) -> str:
        if "@" in username:
            # It could be the address of somebody else, and both are asked when he signs in.
            raise forms.ValidationError(_("Write the e-mail address in its own field, and choose another user name."))
        return str(super().clean_username(identifiers.login_name(username), shallow=shallow))

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:start")

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.display_name = form.cleaned_data.get("display_name", "").strip()
        user.phone = identifiers.mobile(form.cleaned_data.get("username") or "") or ""
        saved: User = super().save_user(request, user, form, commit=commit)
        return saved


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages: ClassVar = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _(
            "That was not accepted. A code of the app changes every half minute: enter the one that it shows now."
        ),
        "add_email_blocked": _(
            "No address can be added while two-step verification is on. Switch it off under “Password and two-step "
            "verification”, add and confirm the address, and switch it on again."
        ),
        "unverified_email": _("Confirm your e-mail address first: the e-mail that we sent you has a link."),
    }


class ActivateAppForm(ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("The six digits")
        self.fields["code"].widget.attrs |= {"inputmode": "numeric", "placeholder": ""}


class _CodeForm(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("The six digits, or a recovery code")
        self.fields["code"].widget.attrs |= {"inputmode": "numeric", "placeholder": "", "autofocus": True}


class SecondStepForm(_CodeForm, AuthenticateForm):
    pass


class SecondStepAgainForm(_CodeForm, ReauthenticateForm):
    pass


class LoginForm(AllauthLoginForm):
    def clean_login(self) -> str:
        return identifiers.login_name(self.cleaned_data["login"])


class SignupForm(AllauthSignupForm):
    display_name = forms.CharField(
        label=_("Your name"), max_length=60, help_text=_("As others will see it, for example on a certificate.")
    )
    agree = forms.BooleanField(
        label=_("I have read the notice below on how my data is used, and agree"),
        help_text=_(
            "Your name and contact details are used for this account. Identity number, phone and place are stored encrypted and "
            "shown only to those who need them. You can export all of it or have it erased at any time, except what the law "
            "obliges us to keep."
        ),
        error_messages={
            "required": _("Without this consent there can be no account. Everything public can be read without one.")
        },
    )
    field_order = ["display_name", "username", "email", "password1", "password2", "agree"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["display_name"].widget.attrs["autocomplete"] = "name"
        self.fields["username"].label = _("User name")
        self.fields["username"].help_text = _("A mobile number or any name; you sign in with it.")
        self.fields["email"].label = _("E-mail (optional)")
        self.fields["email"].help_text = _(
            "If you forget your password, you can set a new one yourself through this address."
        )
        self.fields["password2"].label = _("Password once more")
        for name in ("username", "email", "password2"):
            # What the label says already.
            self.fields[name].widget.attrs["placeholder"] = ""

    def save(self, request: HttpRequest) -> User:
        user: User = super().save(request)
        services.agree_to_privacy_notice(actor=user, version=NOTICE_VERSION, now=clock.now())
        return user
