"""`make run`: the whole product under one supervisor."""

import os
import sys
import time
from pathlib import Path

from embedded import demo
from embedded.files import Lock, secret
from embedded.ports import DEFAULT_PORT, PortError, web_port
from embedded.postgres import PostgresError
from embedded.processes import Process, StartError
from embedded.services import Services, answers
from embedded.supervisor import Stopped, Supervisor

ROOT = Path(__file__).resolve().parents[2]
SMALL_MODEL = "embedded SmolLM2-135M-Instruct: small; real text, poor judgment (set ANTHROPIC_API_KEY for a better one)"


def run(local: Path = ROOT / ".local") -> int:
    """Start everything, say how to use it, and stay until Ctrl-C or SIGTERM. Returns the exit code."""
    local.mkdir(parents=True, exist_ok=True)
    with Lock(local / "run.lock") as lock:
        if not lock.take():
            print(f"Plumbline already runs from this directory: {lock.read()}. Stop that one first.", file=sys.stderr)
            return 1
        host = os.environ.get("HOST") or "127.0.0.1"
        try:
            port = web_port(host)
        except PortError as error:
            print(error, file=sys.stderr)
            return 1
        address = _address(host, port)
        lock.note(f"process {os.getpid()}, {address}")
        return _supervise(local, host, port, address)


def _supervise(local: Path, host: str, port: int, address: str) -> int:
    began = time.monotonic()
    with Supervisor(colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ) as supervisor:
        services = Services(local, supervisor.say, model=True)
        supervisor.stages.extend(services.stop_stages)
        try:
            text = _start(supervisor, services, local, host, port, address)
        except Stopped:
            text = ""
        except (StartError, PostgresError, OSError) as error:
            supervisor.say("plumbline", f"cannot start: {error}")
            return 1
        if text:
            print(f"\n{text}\n(started in {time.monotonic() - began:.1f} s)\n", flush=True)
            supervisor.watch()
        supervisor.say("plumbline", "stopping")
    services.clean_up()
    supervisor.say("plumbline", "stopped")
    return 0


def _start(supervisor: Supervisor, services: Services, local: Path, host: str, port: int, address: str) -> str:
    """Bring everything up in order; returns the block to print."""
    stopping = lambda: supervisor.stopping  # noqa: E731  # a property's name is not a callable
    say = lambda line: supervisor.say("plumbline", line)  # noqa: E731
    services.start()
    say("starting " + ", ".join(child.process.name for child in services.children) if services.children else "starting")
    services.wait_for_databases(stopping)
    supervisor.check()
    environment = _secrets(local) | services.environment | {"PORT": str(port)}
    say("migrating the database")
    supervisor.complete(_manage("migrate", environment, "migrate", "--noinput", "--verbosity", "0"))
    seeded = supervisor.complete(_manage("seed_demo", environment, "seed_demo", "--json"))
    values = demo.remember(local / "demo.env", address, seeded)
    services.wait_for_model(stopping)
    say("starting web, worker, beat, relay and sequencer")
    supervisor.start(_background(local, environment))
    (web,) = supervisor.start([_web(host, port, address, environment)])
    web.wait_ready(stopping)
    supervisor.check()
    wanted = os.environ.get("PORT")
    return demo.block(
        values,
        model_note=SMALL_MODEL if services.has_model else os.environ.get("ANTHROPIC_BASE_URL") or "the Anthropic API",
        port_note="" if wanted or port == DEFAULT_PORT else f" (port {DEFAULT_PORT} is in use)",
        path=local / "demo.env",
    )


def _secrets(local: Path) -> dict[str, str]:
    """What the product must find the same at each start, unless the environment says otherwise."""
    checkpoints = local / "checkpoints"
    checkpoints.mkdir(exist_ok=True)
    ours = {
        "PLUMBLINE_DEBUG": "1",
        "PLUMBLINE_SECRET_KEY": secret(local / "secret.key"),
        "PLUMBLINE_LOG_KEY_FILE": str(local / "audit.key"),
        "PLUMBLINE_CHECKPOINT_DIR": str(checkpoints),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "platform"), str(ROOT)]),
        "PYTHONUNBUFFERED": "1",
    }
    return {name: os.environ.get(name) or value for name, value in ours.items()}


def _manage(name: str, environment: dict[str, str], *arguments: str) -> Process:
    return Process(name=name, command=[sys.executable, str(ROOT / "manage.py"), *arguments], environment=environment)


def _web(host: str, port: int, address: str, environment: dict[str, str]) -> Process:
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", host, "--port", str(port)]
    command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    command += ["--timeout-graceful-shutdown", "10"]
    return Process(
        name="web",
        command=command,
        environment=environment,
        ready=lambda: answers(f"{address}/healthz"),
        grace=15.0,
    )


def _background(local: Path, environment: dict[str, str]) -> list[Process]:
    celery = [sys.executable, "-W", "ignore:You're running the worker", "-m", "celery", "-A", "config"]
    worker = ["worker", "--concurrency", "2", "--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
    beat = ["beat", "--schedule", str(local / "beat-schedule"), "--pidfile", "", "--loglevel", "WARNING"]
    return [
        Process(name="worker", command=[*celery, *worker], environment=environment),
        Process(name="beat", command=[*celery, *beat], environment=environment),
        _manage("relay", environment, "relay"),
        _manage("sequencer", environment, "sequence_audit"),
    ]


def _address(host: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{reachable}:{port}"
