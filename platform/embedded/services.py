"""The servers Plumbline needs, each started only where no address of another is given in the environment."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from embedded import model as small_model
from embedded import postgres, valkey
from embedded.environment import settings
from embedded.files import Lock
from embedded.ports import free_port
from embedded.processes import Child, Process, stop_in_order

Say = Callable[[str, str], None]
"""Receives who speaks and one line."""


class Services:
    """PostgreSQL, Valkey and the model under one directory; `environment` tells others where they are."""

    def __init__(self, directory: Path, say: Say, *, model: bool, durable: bool = True) -> None:
        self.environment: dict[str, str] = {}
        self.children: list[Child] = []
        self._directory = directory.resolve()
        self._say = say
        self._with_model = model and not (_given("ANTHROPIC_API_KEY") or _given("ANTHROPIC_BASE_URL"))
        self._durable = durable
        self._postgres: postgres.Postgres | None = None
        self._database: list[Child] = []
        self._others: list[Child] = []
        self._model: Child | None = None

    @property
    def has_model(self) -> bool:
        return self._with_model

    @property
    def stop_stages(self) -> list[list[Child]]:
        return [self._others, self._database]

    def start(self) -> None:
        """Start what is not given, without waiting for it. Raises PostgresError where that cannot be set up."""
        self._directory.mkdir(parents=True, exist_ok=True)
        if self._with_model:
            port = free_port()
            self._model = self._launch(_model_process(port), self._others)
            self.environment |= {
                "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}",
                "ANTHROPIC_API_KEY": "embedded",
                "PLUMBLINE_UPSTREAM_MODEL": small_model.NAME,
                # Too small to be left to speak to someone in danger.
                "PLUMBLINE_UPSTREAM_JUDGMENT": "poor",
                # It answers two at once: one of a batch, and someone who waits.
                "PLUMBLINE_BATCH_PIECES": "1",
                "PLUMBLINE_BATCH_TURNS": "1",
            }
        if not _given("BROKER_URL"):
            process, self.environment["BROKER_URL"] = valkey.prepare(self._directory)
            self._launch(process, self._others)
        if not _given("DATABASE_URL"):
            self._postgres = postgres.prepare(
                self._directory, lambda line: self._say("plumbline", line), durable=self._durable
            )
            self._launch(self._postgres.process, self._database)
            self.environment["DATABASE_URL"] = self._postgres.url

    def wait_for_databases(self, check: Callable[[], None] = lambda: None) -> None:
        """Return once both answer and the database exists. Raises StartError, and what `check` raises."""
        for child in self.children:
            if child is not self._model:
                child.wait_ready(check)
        if self._postgres is not None:
            self._postgres.create_database()

    def wait_for_model(self, check: Callable[[], None] = lambda: None) -> None:
        """Return once the model answers. Raises StartError, and what `check` raises."""
        if self._model is not None:
            self._model.wait_ready(check)

    def clean_up(self) -> None:
        """Remove what only a running server needs. Call once all have stopped."""
        if self._postgres is not None:
            self._postgres.clean_up()

    def _launch(self, process: Process, stage: list[Child]) -> Child:
        child = Child(process, self._say)
        self.children.append(child)
        stage.append(child)
        child.start()
        return child


@contextmanager
def services(directory: Path, *, model: bool) -> Iterator[Mapping[str, str]]:
    """Throw-away servers for a test run; yields the variables that lead to them and the settings to go with them.

    Servers already named in the environment are used and not repeated. A directory in use by another run is left
    alone and its neighbour taken (`test-2`, ...). What the servers say goes to `services.log` there. Call from the
    main thread.
    """
    directory, lock = _own_directory(directory)
    with lock, (directory / "services.log").open("w", encoding="utf-8") as log:

        def say(name: str, line: str) -> None:
            if not log.closed:
                print(f"{name:<9} | {line}", file=log, flush=True)

        started = Services(directory, say, model=model, durable=False)
        try:
            started.start()
            started.wait_for_databases()
            started.wait_for_model()
            yield settings(directory) | started.environment
        finally:
            stop_in_order(started.stop_stages)
            started.clean_up()


def _own_directory(wanted: Path) -> tuple[Path, Lock]:
    for number in range(1, 100):
        directory = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        directory.mkdir(parents=True, exist_ok=True)
        lock = Lock(directory / "lock")
        if lock.take():
            return directory, lock
    raise RuntimeError(f"{wanted} and 98 neighbours are all in use")


def _model_process(port: int) -> Process:
    import sys

    return Process(
        name="model",
        command=[sys.executable, "-m", "embedded.model", "--port", str(port)],
        environment={"PYTHONPATH": str(Path(__file__).resolve().parents[1])},
        ready=lambda: answers(f"http://127.0.0.1:{port}/health"),
        ready_within=120.0,
        hide="^serving ",
        grace=3.0,
    )


def answers(url: str) -> bool:
    """Whether a GET of this loopback URL succeeds within a second."""
    import http.client
    import urllib.request

    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=1) as response:
            return bool(response.status == 200)
    except (OSError, http.client.HTTPException):
        return False


def _given(name: str) -> bool:
    return bool(os.environ.get(name))
