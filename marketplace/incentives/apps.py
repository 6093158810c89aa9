from django.apps import AppConfig


class IncentivesConfig(AppConfig):
    name = "marketplace.incentives"
    label = "incentives"

    def ready(self) -> None:
        # Models are loaded only now.
        from django.urls import reverse

        from marketplace.accounts import privacy
        from marketplace.audit import labels as audit_labels
        from marketplace.core import workspace
        from marketplace.ledger import holders

        from . import labels
        from .handlers import connect
        from .models import Entitlement, PayoutClaim, StarGrant
        from .privacy import exported_incentives
        from .workspace import work_items

        connect()
        privacy.register("incentives", exported_incentives)
        workspace.register(work_items)
        audit_labels.register(labels.ACTIONS, labels.DATA, values=labels.VALUES)
        audit_labels.register_subjects("incentives.policy", labels.policies)
        for model in (Entitlement, PayoutClaim, StarGrant):
            audit_labels.register_subjects(model._meta.label_lower, labels.of_person(model))
        holders.register_page("session", lambda key: reverse("timesheets:detail", args=[key]), own_only=True)
        holders.register_page("payout_claim", lambda _key: reverse("incentives:claims"))
