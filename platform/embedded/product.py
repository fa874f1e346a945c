"""`make run`: the whole product under one supervisor."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from embedded import demo
from embedded.environment import ROOT, settings
from embedded.files import Lock, read_environment, write_environment
from embedded.ports import DEFAULT_PORT, PortError, web_port
from embedded.postgres import ROLE, PostgresError
from embedded.processes import Process, StartError, stop_in_order
from embedded.services import Services, answers
from embedded.supervisor import Stopped, Supervisor

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # nothing is bound here
"""Hosts that mean every address of this machine, and the one to open on the machine itself."""
SERVERS = "servers.env"
"""Where the running servers are, for commands beside them."""
SMALL_MODEL = "embedded SmolLM2-135M-Instruct: small, so real text but poor judgment (ANTHROPIC_API_KEY is not set)"


@dataclass(frozen=True)
class Address:
    """Where the web server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """How a browser on this machine reaches it."""
        reachable = EVERYWHERE.get(self.host, self.host)
        return f"http://[{reachable}]:{self.port}" if ":" in reachable else f"http://{reachable}:{self.port}"


def run(local: Path = ROOT / ".local") -> int:
    """Start everything, say how to use it, and stay until Ctrl-C or SIGTERM. Returns the exit code."""
    local.mkdir(parents=True, exist_ok=True)
    with Lock(local / "run.lock") as lock:
        if not lock.take():
            print(f"Plumbline already runs from this directory: {lock.read()}. Stop that one first.", file=sys.stderr)
            return 1
        try:
            host = os.environ.get("HOST") or "127.0.0.1"
            address = Address(host, web_port(host))
        except PortError as error:
            print(error, file=sys.stderr)
            return 1
        lock.note(f"process {os.getpid()}, {address.url}")
        return _supervise(local, address)


@contextmanager
def beside(local: Path = ROOT / ".local") -> Iterator[dict[str, str]]:
    """The environment of a command that needs the product's database: the running one's, or one started for it."""
    local.mkdir(parents=True, exist_ok=True)
    with Lock(local / "run.lock") as lock:
        if not lock.take():
            yield settings(local) | read_environment(local / SERVERS)
            return
        lock.note(f"process {os.getpid()}, a command")
        services = Services(local, lambda _name, _line: None, model=False)
        try:
            services.start()
            services.wait_for_databases()
            yield settings(local) | services.environment
        finally:
            stop_in_order(services.stop_stages)
            services.clean_up()


def _supervise(local: Path, address: Address) -> int:
    began = time.monotonic()
    code = 0
    with Supervisor(colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ) as supervisor:
        services = Services(local, supervisor.say, model=True)
        supervisor.stages.extend(services.stop_stages)
        try:
            block = _start(supervisor, services, local, address)
            print(f"\n{block}\n", flush=True)
            supervisor.say("plumbline", f"started in {time.monotonic() - began:.1f} s")
            supervisor.watch()
        except Stopped:
            pass
        except (StartError, PostgresError, OSError) as error:
            supervisor.say("plumbline", f"cannot start: {error}")
            code = 1
        supervisor.say("plumbline", "stopping")
    services.clean_up()
    supervisor.say("plumbline", "stopped")
    return code


def _start(supervisor: Supervisor, services: Services, local: Path, address: Address) -> str:
    """Bring everything up in order; returns the block to print. Raises Stopped, StartError."""
    services.start()
    supervisor.say("plumbline", "starting " + ", ".join(child.process.name for child in services.children))
    services.wait_for_databases(supervisor.check)
    environment = settings(local) | services.environment | {"PORT": str(address.port)}
    if address.host in EVERYWHERE:  # whoever opens it to the network reaches it by any name
        environment.setdefault("PLUMBLINE_ALLOWED_HOSTS", os.environ.get("PLUMBLINE_ALLOWED_HOSTS") or "*")
    write_environment(local / SERVERS, services.environment)
    supervisor.say("plumbline", "preparing the database")
    supervisor.complete(_manage("migrate", environment, "migrate", "--noinput", "--verbosity", "0"))
    roles = _roles(services)
    if roles:
        supervisor.complete(_manage("roles", environment, "grant_roles", "--create"))
    seeded = supervisor.complete(_manage("seed_demo", environment, "seed_demo", "--json"))
    values = demo.remember(local / "demo.env", address.url, seeded)
    services.wait_for_model(supervisor.check)
    supervisor.say("plumbline", "starting workers, beat, relay, sequencer and web")
    supervisor.start(_background(local, environment, roles))
    (web,) = supervisor.start([_web(address, environment | roles.get("web", {}))])
    web.wait_ready(supervisor.check)
    moved = address.port != DEFAULT_PORT and not os.environ.get("PORT")
    note = f" (port {DEFAULT_PORT} is in use)" if moved else ""
    model = SMALL_MODEL if services.has_model else os.environ.get("ANTHROPIC_BASE_URL") or "the Anthropic API"
    return demo.block(values, note=note, model=model, path=local / "demo.env", python=sys.executable)


def _manage(name: str, environment: dict[str, str], *arguments: str) -> Process:
    return Process(name=name, command=[sys.executable, str(ROOT / "manage.py"), *arguments], environment=environment)


def _web(address: Address, environment: dict[str, str]) -> Process:
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application"]
    command += ["--host", address.host, "--port", str(address.port), "--loop", "uvloop", "--http", "httptools"]
    command += ["--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "10"]
    return Process(
        name="web",
        command=command,
        environment=environment,
        ready=lambda: answers(f"{address.url}/healthz"),
        grace=15.0,
    )


def _roles(services: Services) -> dict[str, dict[str, str]]:
    """What leads the processes to our own database by lesser roles than its owner's, as audit/log/roles.py has them.

    Empty where the database is another's: whoever runs it decides by which role we come.
    """
    url = services.environment.get("DATABASE_URL", "")
    owner = f"//{ROLE}@"
    if owner not in url:
        return {}
    return {name: {"DATABASE_URL": url.replace(owner, f"//plumbline_{name}@", 1)} for name in ("web", "sequencer")}


def _background(
    local: Path, owners: dict[str, str], roles: Mapping[str, dict[str, str]] = MappingProxyType({})
) -> list[Process]:
    environment = owners | roles.get("web", {})
    celery = [sys.executable, "-W", "ignore:You're running the worker", "-m", "celery", "--quiet", "-A", "config"]
    quiet = ["--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
    reviews = ["worker", "-Q", "celery", "--concurrency", "2", *quiet]
    # Others' servers may be slow: threads wait for them, and no review waits behind them.
    webhooks = ["worker", "-Q", "webhooks", "-n", "webhooks@%h", "--pool", "threads", "--concurrency", "32", *quiet]
    batches = ["worker", "-Q", "batches", "-n", "batches@%h", "--concurrency", "1", *quiet]
    beat = ["beat", "--schedule", str(local / "beat-schedule"), "--pidfile", "", "--loglevel", "WARNING"]
    return [
        Process(name="worker", command=[*celery, *reviews], environment=environment),
        Process(name="webhooks", command=[*celery, *webhooks], environment=environment),
        Process(name="batches", command=[*celery, *batches], environment=environment),
        Process(name="beat", command=[*celery, *beat], environment=environment),
        _manage("relay", environment, "relay"),
        _manage("sequencer", owners | roles.get("sequencer", {}), "sequence_audit"),
    ]
