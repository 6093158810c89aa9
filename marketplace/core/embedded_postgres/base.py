"""Django's PostgreSQL backend on the embedded server. Importing it, or running checks, starts nothing."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from django.db.backends.postgresql.client import DatabaseClient as PostgresClient

from marketplace.core.embedded_postgres.server import EmbeddedServer, programs


def _running_server() -> EmbeddedServer:
    server = EmbeddedServer.at(settings.VAR_DIR / "postgres")
    server.ensure_running(database=str(settings.DATABASES["default"]["NAME"]))
    return server


class DatabaseClient(PostgresClient):
    """``manage.py dbshell``, with the server's own ``psql``: the machine may have none, or one for another server."""

    def runshell(self, parameters: Iterable[str]) -> None:
        server = _running_server()
        self.executable_name = str(programs() / "psql")
        self.connection.settings_dict |= {"HOST": str(server.socket_folder), "PORT": "5432"}
        super().runshell(parameters)

    def settings_to_cmd_args_env(  # type: ignore[override]  # Django's is of the class, which knows no program of ours
        self, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        (_psql, *arguments), env = PostgresClient.settings_to_cmd_args_env(settings_dict, list(parameters))
        return [self.executable_name, *arguments], env


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        server = _running_server()
        return super().get_new_connection({**conn_params, "host": str(server.socket_folder), "port": "5432"})
