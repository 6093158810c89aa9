"""What this room holds about a person, for his own copy of his data."""

from __future__ import annotations

from typing import Any

from marketplace.accounts.models import User

from .models import SignUp, VolunteerProfile
from .selectors import looks_at_contact


def exported_volunteering(user: User) -> dict[str, Any]:
    profile = VolunteerProfile.objects.filter(user=user).select_related("region").first()
    sign_ups = SignUp.objects.filter(volunteer=user).select_related("shift__opportunity").order_by("pk")
    looks = looks_at_contact([each.pk for each in sign_ups])
    return {
        "profile": None
        if profile is None
        else {
            "near": str(profile.region),
            "skills": profile.skills,
            "languages": profile.languages,
            "emergency_contact": profile.emergency_contact,
            "emergency_contact_may_be_opened_since": profile.contact_agreed_at,
            "about": profile.about,
            "consented_at": profile.consented_at,
            "wants_to_be_asked": profile.active,
            "joined_at": profile.joined_at,
            "let_in_again_at": profile.readmitted_at,
        },
        "sign_ups": [
            {
                "call": each.shift.opportunity.title,
                "from": each.shift.starts_at,
                "to": each.shift.ends_at,
                "state": each.state,
                "signed_up_at": each.signed_up_at,
                "ended_at": each.ended_at,
                "note": each.note,
                "emergency_contact_opened": looks.get(each.pk, []),
            }
            for each in sign_ups
        ],
    }
