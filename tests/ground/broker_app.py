"""The project's task queue with tasks that only tests have, on a queue of the test's own."""

import os
import time
from pathlib import Path

from marketplace.celery import app

app.conf.task_default_queue = os.environ["TEST_QUEUE"]
app.conf.imports = ("tests.ground.broker_app",)


@app.task(name="tests.write")
def write(path: str, text: str) -> None:
    with Path(path).open("a") as file:
        file.write(text + "\n")


@app.task(name="tests.linger")
def linger(path: str, seconds: float) -> None:
    """Say that we began, work for a while, say that we ended."""
    write(path, "began")
    time.sleep(seconds)
    write(path, "ended")
