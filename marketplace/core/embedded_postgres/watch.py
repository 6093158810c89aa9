"""Stops the embedded server when nobody has used it for a while: `python -m …watch FOLDER`."""

import sys
import time
from pathlib import Path

from marketplace.core.embedded_postgres.server import EmbeddedServer

GRACE_SECONDS = 20


def watch(folder: Path, grace: float = GRACE_SECONDS) -> None:
    server = EmbeddedServer.at(folder)
    unused_since: float | None = None
    while (server.data / "postmaster.pid").exists():
        if server.is_used():
            unused_since = None
        elif unused_since is None:
            unused_since = time.monotonic()
        elif time.monotonic() - unused_since >= grace and server.stop_if_unused():
            return
        time.sleep(min(1.0, grace / 2))


if __name__ == "__main__":
    watch(Path(sys.argv[1]))
