"""`python manage.py demo`: from whatever state the machine is in to a demonstration that one can click through."""

import contextlib
import fcntl
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TextIO

import psutil
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import connection, connections
from django.utils import translation

from marketplace.core.catalogues import catalogues
from marketplace.core.embedded_postgres.server import EmbeddedServer
from marketplace.environment import BASE_DIR

FIRST_PORT, PORTS = 8000, 100
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
START_SECONDS = 90
STOP_SECONDS = 15
ASK_AGAIN_SECONDS = 1
# A child that ends sooner than this after its start has a fault that starting it again will not mend.
SOON_SECONDS = 20


@dataclass
class Child:
    """A process of the demonstration, with a log of its own."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started: float = field(default=0.0, init=False)

    def start(self) -> None:
        with self.log.open("ab") as log:
            # In a session of its own: Ctrl-C reaches us alone, and we end the children in order.
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.command],
                cwd=BASE_DIR,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started = time.monotonic()

    def log_end(self) -> str:
        return "\n".join(self.log.read_text("utf-8", errors="replace").splitlines()[-20:])


class Counter(io.StringIO):
    """Takes another command's lines and, now and then, tells how many had `word` in them."""

    def __init__(self, out: OutputWrapper, word: str, unit: str) -> None:
        super().__init__()
        self.out, self.word, self.unit, self.count = out, word, unit, 0

    def write(self, text: str) -> int:
        if self.word in text:
            self.count += 1
            if self.count % 50 == 0:
                self.out.write(f"  {self.count} {self.unit}")
                self.out.flush()
        return len(text)


def interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """End what is under way; asked again after a second if nobody heard: Python drops an exception that comes up while an
    object is being deleted, and then a Ctrl-C would have done nothing."""
    signal.setitimer(signal.ITIMER_REAL, ASK_AGAIN_SECONDS)
    raise KeyboardInterrupt


class Command(BaseCommand):
    help = "Prepare the demonstration, and serve it until Ctrl-C."
    # Checks need the database that this command starts.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine only)")
        parser.add_argument("--port", type=int, default=FIRST_PORT, help="the first port to try (default: %(default)s)")
        parser.add_argument("--prepare", action="store_true", help="prepare the database and serve nothing")
        parser.add_argument(
            "--stop", action="store_true", help="end a running demonstration and the embedded PostgreSQL"
        )

    def handle(self, *, host: str, port: int, prepare: bool, stop: bool, **options: Any) -> None:
        self.folder: Path = settings.VAR_DIR / "demo"
        self.folder.mkdir(parents=True, exist_ok=True)
        if stop:
            self._stop_everything()
            return
        if not settings.DEMO:
            raise CommandError("The demonstration runs in demonstration mode only: set DEMO=1, or use `make demo`.")
        for number in (*ENDINGS, signal.SIGALRM):
            signal.signal(number, interrupt)
        try:
            with self._the_only_one():
                self._end_orphans()
                self._compile_translations()
                with translation.override(settings.LANGUAGE_CODE):
                    self._prepare()
                if not prepare:
                    self._serve(host, port)
        except KeyboardInterrupt:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._report("Stopped. `make demo` takes up where it was.")

    # Preparing

    @contextlib.contextmanager
    def _the_only_one(self) -> Iterator[None]:
        with (self.folder / "running").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CommandError(
                    f"The demonstration is running already ({self._running()[1]}). `make stop` ends it."
                ) from None
            self.running_file: TextIO = file
            self._say_where("it is being prepared")
            yield

    def _say_where(self, where: str) -> None:
        self.running_file.truncate(0)
        self.running_file.write(f"{os.getpid()}\n{where}")
        self.running_file.flush()

    def _running(self) -> tuple[int, str]:
        """The process and the address of the demonstration that holds the file `running`."""
        pid, _, where = (self.folder / "running").read_text().partition("\n")
        return int(pid), where

    def _compile_translations(self) -> None:
        compiled = [catalogue for catalogue in catalogues() if catalogue.compile()]
        if compiled:
            # Django has read the old ones by now.
            self._report("Translations compiled.")
            os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606

    def _prepare(self) -> None:
        with self._step("Starting PostgreSQL" if settings.EMBEDDED_DATABASE else "Connecting to PostgreSQL"):
            connection.ensure_connection()
        if self._stage() != "played":
            # The play will need the matching engine; it is compiled on the other core while tables are prepared.
            subprocess.Popen([sys.executable, "-m", "marketplace.matching.warm"])
        if self._stage() == "playing":
            self._start_over()
        with self._step("Preparing tables"):
            call_command("migrate", interactive=False, stdout=Counter(self.stdout, "Applying", "steps"))
        if self._stage() == "played":
            return
        self._set_stage("playing")
        for name, text in (
            ("import_regions", "Loading the divisions of China"),
            ("play_demonstration", "Playing a year of the marketplace"),
        ):
            with self._step(text):
                call_command(name)
        self._set_stage("played")

    def _identity(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
            return int(cursor.fetchone()[0])

    def _stage(self) -> str:
        """How far this very database is: "", "playing" or "played"."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            state = json.loads((self.folder / "stage.json").read_text())
            if state["database"] == self._identity():
                return str(state["stage"])
        return ""

    def _set_stage(self, stage: str) -> None:
        (self.folder / "stage.json").write_text(json.dumps({"database": self._identity(), "stage": stage}))

    def _start_over(self) -> None:
        if not settings.EMBEDDED_DATABASE:
            raise CommandError(
                "An earlier run left the demonstration half played in the database of DATABASE_URL. Give it an empty one."
            )
        self._report("An earlier run left the demonstration half played; beginning anew.")
        name = connection.settings_dict["NAME"]
        connections.close_all()
        EmbeddedServer.at(settings.VAR_DIR / "postgres").drop_database(name)
        connection.ensure_connection()

    # Serving

    def _serve(self, host: str, first_port: int) -> None:
        port = free_port(host, first_port)
        if port != first_port:
            self._report(f"Port {first_port} is in use; taking {port}.")
        address = f"http://{'localhost' if host in {'127.0.0.1', '0.0.0.0'} else host}:{port}"  # noqa: S104
        connections.close_all()
        environment = {"SITE_URL": address, **os.environ, "PYTHONUNBUFFERED": "1"}
        worker = ["celery", "--app", "marketplace"]
        children = [
            Child(name, command, environment, self.folder / f"{name}.log")
            for name, command in (
                (
                    "web",
                    ["gunicorn", "marketplace.wsgi", "--bind", f"{host}:{port}", "--workers", "2", "--threads", "4",
                     "--preload", "--graceful-timeout", "5", "--no-control-socket"],
                ),
                ("worker", [*worker, "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]),
                ("beat", [*worker, "beat", "--loglevel", "INFO", "--pidfile", ""]),
            )
        ]  # fmt: skip
        try:
            with self._step("Starting the site"):
                for child in children:
                    child.log.write_bytes(b"")
                    child.start()
                self._remember(children)
                self._wait_until_it_answers(f"http://{host}:{port}/", children)
            self._say_where(address)
            self._welcome(address)
            while True:
                time.sleep(1)
                self._revive(children)
        finally:
            # A second Ctrl-C must not leave children behind.
            for number in (*ENDINGS, signal.SIGALRM):
                signal.signal(number, signal.SIG_IGN)
            self._report("\nStopping …")
            end_processes([psutil.Process(child.process.pid) for child in children if child.process and running(child)])
            (self.folder / "children.json").unlink(missing_ok=True)

    def _wait_until_it_answers(self, url: str, children: list[Child]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            for child in children:
                if not running(child):
                    raise CommandError(
                        f"The {child.name} process did not start. The end of its log:\n{child.log_end()}"
                    )
            try:
                with urllib.request.urlopen(url, timeout=10):  # noqa: S310
                    return
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    return
                raise CommandError(f"The site answers with an error:\n{children[0].log_end()}") from error
            except OSError:
                if time.monotonic() > deadline:
                    raise CommandError(f"The site does not answer:\n{children[0].log_end()}") from None
            time.sleep(0.2)

    def _revive(self, children: list[Child]) -> None:
        for child in children:
            if running(child):
                continue
            if time.monotonic() - child.started < SOON_SECONDS:
                raise CommandError(f"The {child.name} process keeps ending. The end of its log:\n{child.log_end()}")
            self._report(f"The {child.name} process ended; starting it again.")
            child.start()
            self._remember(children)

    def _welcome(self, address: str) -> None:
        self._report(f"\n  {self.style.SUCCESS(address)}\n")
        with contextlib.suppress(FileNotFoundError):
            accounts = json.loads((self.folder / "accounts.json").read_text("utf-8"))
            for account in accounts:
                self._report(f"  {account['username']:<24} {account['password']:<24} {account['role']}")
            self._report("")
        self._report(
            f"  Logs and letters: {relative(self.folder)}, {relative(settings.VAR_DIR / 'mail')}. Ctrl-C ends it."
        )

    # Ending

    def _remember(self, children: list[Child]) -> None:
        known = [
            {"pid": child.process.pid, "born": psutil.Process(child.process.pid).create_time()}
            for child in children
            if child.process and running(child)
        ]
        (self.folder / "children.json").write_text(json.dumps(known))

    def _end_orphans(self) -> None:
        """End the children of a demonstration that was killed."""
        file = self.folder / "children.json"
        if not file.exists():
            return
        orphans = []
        for known in json.loads(file.read_text()):
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(known["pid"])
                if abs(process.create_time() - known["born"]) < 1:
                    orphans.append(process)
        if orphans:
            self._report("Ending what a killed demonstration left running.")
            end_processes(orphans)
        file.unlink()

    def _stop_everything(self) -> None:
        try:
            with self._the_only_one():
                pass
        except CommandError:
            self._report("Stopping the demonstration …")
            with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
                supervisor = psutil.Process(self._running()[0])
                supervisor.terminate()
                supervisor.wait(STOP_SECONDS + 5)
        self._end_orphans()
        EmbeddedServer.at(settings.VAR_DIR / "postgres").stop()
        self._report("Stopped.")

    # Speaking

    def _report(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    @contextlib.contextmanager
    def _step(self, text: str) -> Iterator[None]:
        started = time.monotonic()
        self._report(f"{text} …")
        yield
        self._report(f"  done in {time.monotonic() - started:.1f} s")


def free_port(host: str, first: int) -> int:
    for port in range(first, first + PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise CommandError(f"No port from {first} to {first + PORTS - 1} is free.")


def running(child: Child) -> bool:
    return child.process is not None and child.process.poll() is None


def end_processes(processes: list[psutil.Process]) -> None:
    """Ask them and their children to end; after a while, make them."""
    everyone = {descendant for process in processes for descendant in [process, *process.children(recursive=True)]}
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, left = psutil.wait_procs(everyone, timeout=STOP_SECONDS)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def relative(path: Path) -> str:
    return str(path.relative_to(BASE_DIR)) if path.is_relative_to(BASE_DIR) else str(path)
