from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "marketplace.audit"
    label = "audit"

    def ready(self) -> None:
        # Models are loaded only now.
        from marketplace.core.states import install_recorder

        from .services import record_transition, record_transitions

        install_recorder(record_transition, record_transitions)
