"""The embedded broker: messages are files in one folder, so that tasks work with no server to install.

For one machine only. A message that a killed process held is lost, as any queue may lose one: see `celery.py`.
"""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import virtual
from kombu.utils.json import dumps, loads


class Channel(virtual.Channel):
    """Keeps a queue's messages under `folder` of the transport options, oldest first.

    kombu's own file transport writes into files that readers already see, so that a reader in between takes half a
    message. Here a message appears whole, by a rename, and is taken by one too: of two workers one wins.
    """

    def _folder(self, queue: str, part: str) -> Path:
        # "messages", and what is being written or read.
        client: Any = self.connection.client
        folder = Path(client.transport_options["folder"]) / queue / part
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def _waiting(self, queue: str) -> Iterator[Path]:
        return iter(sorted(self._folder(queue, "messages").iterdir()))

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        name = f"{time.time_ns():020d}-{uuid.uuid4()}"
        unfinished = self._folder(queue, "hands") / name
        unfinished.write_text(dumps(message))
        unfinished.rename(self._folder(queue, "messages") / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for path in self._waiting(queue):
            taken = self._folder(queue, "hands") / path.name
            try:
                path.rename(taken)
            except FileNotFoundError:
                continue  # Another worker has it.
            message = loads(taken.read_text())
            taken.unlink()
            return message
        raise Empty

    def _size(self, queue: str) -> int:
        return len(list(self._waiting(queue)))

    def _purge(self, queue: str) -> int:
        count = 0
        for path in self._waiting(queue):
            path.unlink(missing_ok=True)
            count += 1
        return count


class Transport(virtual.Transport):
    """Use with `broker_url = "files://"` (`celery.py` gives it that name) and `folder` in the transport options."""

    Channel = Channel
    # Every connection of a process shares the table of exchanges; messages are shared by their files.
    global_state = virtual.BrokerState()
    default_port = 0
    driver_type = "file"
    driver_name = "file"
    polling_interval = 0.5

    def driver_version(self) -> str:
        return "1"
