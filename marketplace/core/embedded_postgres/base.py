"""Django's PostgreSQL backend on the embedded server. Importing it, or running checks, starts nothing."""

from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base

from marketplace.core.embedded_postgres.server import EmbeddedServer


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        server = EmbeddedServer.at(settings.VAR_DIR / "postgres")
        server.ensure_running(database=str(settings.DATABASES["default"]["NAME"]))
        return super().get_new_connection({**conn_params, "host": str(server.socket_folder), "port": "5432"})
