"""Tasks go through a real broker and worker: files, or what CELERY_BROKER_URL names."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from amqp import PreconditionFailed
from kombu import Connection

from marketplace.celery import app, schedule
from marketplace.environment import BASE_DIR

BROKER = os.environ.get("CELERY_BROKER_URL", "")
SEND = """
import json, sys
from tests.ground import broker_app
task, *arguments = json.loads(sys.argv[1])
with broker_app.app.connection_for_write() as connection:
    getattr(broker_app, task).apply_async(arguments, connection=connection)
"""


class Bench:
    """A queue, and workers on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.queue = f"test-{uuid.uuid4()}"
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "marketplace.settings",
            "DEBUG": "1",
            "VAR_DIR": str(folder / "var"),
            "TEST_QUEUE": self.queue,
            "TASK_PROCESSES": "1",
        }
        self.workers: list[subprocess.Popen[bytes]] = []

    def start_worker(self) -> psutil.Process:
        # A name of its own: RabbitMQ gives the control queue of a name to one worker at a time.
        with (self.folder / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "tests.ground.broker_app", "worker", "-l", "INFO",
                 "--without-gossip", "--without-mingle", "--hostname", f"{uuid.uuid4()}@%h"],
                cwd=BASE_DIR, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip
        self.workers.append(worker)
        return psutil.Process(worker.pid)

    def send(self, task: str, *arguments: object) -> None:
        subprocess.run(
            [sys.executable, "-c", SEND, json.dumps([task, *arguments], default=str)],
            cwd=BASE_DIR,
            env=self.environment,
            check=True,
        )

    def log(self) -> str:
        return (self.folder / "worker.log").read_text()

    def close(self) -> None:
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(30)
        if BROKER:
            with Connection(BROKER) as connection:
                channel: Any = connection.default_channel
                channel.queue_delete(self.queue)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def lines(path: Path) -> list[str]:
    return path.read_text().split("\n")[:-1] if path.exists() else []


@pytest.mark.broker
def test_what_was_sent_before_a_worker_came_and_after_is_done_once(bench: Bench) -> None:
    file = bench.folder / "file"
    bench.send("write", file, "before")
    bench.start_worker()
    assert eventually(lambda: lines(file) == ["before"]), bench.log()
    bench.send("write", file, "中文")

    assert eventually(lambda: len(lines(file)) == 2), bench.log()
    time.sleep(1)
    assert lines(file) == ["before", "中文"]


@pytest.mark.broker
@pytest.mark.skipif(
    not BROKER.startswith("amqp"), reason="only RabbitMQ hands a killed worker's task out at once (CELERY_BROKER_URL)"
)
def test_a_killed_workers_task_is_done_by_another(bench: Bench) -> None:
    file = bench.folder / "file"
    worker = bench.start_worker()
    bench.send("linger", file, 3)
    assert eventually(lambda: lines(file) == ["began"]), bench.log()
    # The parent first: it would hand the task of a killed child back and take it again.
    for process in [worker, *worker.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)

    bench.start_worker()

    assert eventually(lambda: lines(file) == ["began", "began", "ended"]), bench.log()
    # RabbitMQ refuses to declare a queue again as another type than it is.
    with Connection(BROKER) as connection:
        channel: Any = connection.default_channel
        with pytest.raises(PreconditionFailed, match="quorum"):
            channel.queue_declare(bench.queue, durable=True, auto_delete=False, arguments={"x-queue-type": "classic"})


def test_every_message_of_the_file_queue_is_taken_by_one_reader(tmp_path: Path) -> None:
    taken: list[int] = []
    done = threading.Event()

    def connect() -> Connection:
        return Connection("files://localhost", transport_options={"folder": str(tmp_path)})

    def write(start: int) -> None:
        with connect() as connection, connection.SimpleQueue("crowd") as queue:
            for number in range(start, start + 100):
                queue.put({"number": number, "text": "长" * 2000})

    def read() -> None:
        with connect() as connection, connection.SimpleQueue("crowd") as queue:
            while True:
                # Asked before looking: only who finds nothing after the last message was written may leave.
                complete = done.is_set()
                try:
                    message = queue.get(block=False)
                except queue.Empty:
                    if complete:
                        return
                    continue
                taken.append(message.payload["number"])
                message.ack()

    writers = [threading.Thread(target=write, args=[start]) for start in (0, 100, 200)]
    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in [*writers, *readers]:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()

    assert sorted(taken) == list(range(300))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_schedule_names_tasks_that_exist() -> None:
    app.loader.import_default_modules()
    app.finalize()

    wanted = {entry["task"] for entry in schedule().values()}

    assert wanted <= app.tasks.keys()
    assert app.conf.beat_schedule == schedule()
