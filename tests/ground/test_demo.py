"""The demonstration from nothing to a page, and back to nothing."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.core.management import CommandError, call_command, get_commands

from marketplace.core.embedded_postgres.server import EmbeddedServer
from marketplace.core.management.commands.demo import end_processes, free_port
from marketplace.environment import BASE_DIR


def test_the_next_free_port_is_taken() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]

        assert taken < free_port("127.0.0.1", taken) < taken + 100


def test_a_process_that_does_not_listen_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marketplace.core.management.commands.demo.STOP_SECONDS", 0.5)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "deaf\n"

    end_processes([psutil.Process(process.pid)])

    process.communicate()
    assert process.returncode == -signal.SIGKILL


def test_an_interruption_that_python_drops_comes_again() -> None:
    deaf = """
import os, signal, time
from marketplace.core.management.commands.demo import interrupt

for number in (signal.SIGINT, signal.SIGALRM):
    signal.signal(number, interrupt)


class Deaf:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)


try:
    Deaf()
    print("dropped")
    time.sleep(30)
except KeyboardInterrupt:
    print("heard")
"""
    done = subprocess.run([sys.executable, "-c", deaf], cwd=BASE_DIR, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["dropped", "heard"], done.stderr


def test_it_refuses_to_run_outside_of_demonstration_mode(tmp_path: Path, settings) -> None:
    settings.VAR_DIR, settings.DEMO = tmp_path, False

    with pytest.raises(CommandError, match="set DEMO=1"):
        call_command("demo")


class Demonstration:
    """`manage.py demo` with files of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "output"
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if name not in {"DATABASE_URL", "CELERY_BROKER_URL", "DEBUG"}
            },
            "DJANGO_SETTINGS_MODULE": "marketplace.settings",
            "DEMO": "1",
            "VAR_DIR": str(folder / "var"),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "subprocess.Popen[bytes]":
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "demo", "--port", "8400"],
                cwd=BASE_DIR, env=self.environment, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        return self.process

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
        )

    def address(self, seconds: float) -> str:
        """Wait until it serves, and say where."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            said = self.output.read_text("utf-8")
            served = re.search(r"^ +(http://localhost:\d+)$", said, re.MULTILINE)
            if served and "Ctrl-C ends it" in said:
                return served[1]
            if self.process is None or self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"The demonstration does not serve:\n{self.output.read_text('utf-8')}")

    def says(self, text: str, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while text not in self.output.read_text("utf-8") and time.monotonic() < deadline:
            time.sleep(0.1)
        return text in self.output.read_text("utf-8")

    def children(self) -> list[psutil.Process]:
        known = json.loads((self.folder / "var" / "demo" / "children.json").read_text())
        return [psutil.Process(child["pid"]) for child in known]


@pytest.fixture
def demonstration(open_folder: Path) -> Iterator[Demonstration]:
    demonstration = Demonstration(open_folder)
    yield demonstration
    if demonstration.process and demonstration.process.poll() is None:
        demonstration.process.terminate()
        demonstration.process.wait(60)
    EmbeddedServer(open_folder / "var" / "postgres").stop()


@pytest.mark.demonstration
def test_from_nothing_to_a_page_and_back(demonstration: Demonstration) -> None:
    supervisor = demonstration.start()
    address = demonstration.address(seconds=600)
    with urllib.request.urlopen(address, timeout=30) as page:  # noqa: S310
        assert page.status == 200
        assert 'lang="zh' in page.read().decode()

    # What must always be true is true of it.
    for command in sorted(name for name in get_commands() if name.startswith("check_")):
        checked = demonstration.manage(command)
        assert checked.returncode == 0, f"{command}: {checked.stdout}{checked.stderr}"

    # A second one is told of the first.
    assert address in demonstration.manage("demo").stderr

    # A killed one leaves children, which the next one ends. It has nothing to play and is quick.
    orphans = demonstration.children()
    supervisor.kill()
    supervisor.wait()
    began = time.monotonic()
    supervisor = demonstration.start()
    demonstration.address(seconds=60)
    assert time.monotonic() - began < 60
    assert not any(orphan.is_running() and orphan.status() != psutil.STATUS_ZOMBIE for orphan in orphans)

    # Ctrl-C ends it, and everything it started.
    children = demonstration.children()
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(60) == 0
    assert not any(child.is_running() for child in children)
    assert "takes up where it was" in demonstration.output.read_text("utf-8")

    # Half played, it is begun anew. (That it can be prepared from nothing we have seen.)
    stage = demonstration.folder / "var" / "demo" / "stage.json"
    state = json.loads(stage.read_text())
    assert state["stage"] == "played"
    stage.write_text(json.dumps({**state, "stage": "playing"}))
    supervisor = demonstration.start()
    assert demonstration.says("beginning anew", seconds=60)
    assert demonstration.says("50 steps", seconds=60)
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(60) == 0
