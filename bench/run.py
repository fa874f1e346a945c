"""Measures Plumbline's whole path beside a bare pass-through, both against the same model server on this machine.

    python bench/run.py                  # about seven minutes; writes results.json and the table in README.md
    python bench/run.py --quick          # a minute; prints only
    python bench/run.py --only passthrough

Plumbline runs as `make run` starts it (one web process, worker, beat, relay, sequencer, PostgreSQL, Valkey), under
`.local/bench`, made anew each time whatever the environment names, so that a bench never fills a database in use.
An error of any kind ends the run with status 1 and writes nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import shutil
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import processes
import report
import uvloop
from load import MESSAGE, Job, measure

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / ".local" / "bench"
CHUNKS = 20  # text deltas of a streamed answer
KINDS = {
    "web": "uvicorn",
    "worker": "celery",
    "relay": "manage.py relay",
    "sequencer": "sequence_audit",
    "database": "postgres",
    "queue": "valkey",
}
PRODUCT = "import sys; from pathlib import Path; from embedded import product; sys.exit(product.run(Path(sys.argv[1])))"


@dataclass(frozen=True)
class Target:
    """Something under load: its address, the key it wants, and the process at its root.

    Of that process's descendants, those with `held` in their command line stand still while this target is measured.
    """

    name: str
    url: str
    key: str
    pid: int
    held: str = ""

    def bystanders(self, targets: Sequence[Target]) -> list[int]:
        others = {other.pid for other in targets} - {self.pid}
        pids = [pid for other in others for pid in processes.family(other)]
        if self.held:
            pids += [pid for pid, command in processes.family(self.pid).items() if self.held in command]
        return pids


@contextlib.contextmanager
def model_server(delay_ms: float) -> Iterator[str]:
    port = processes.free_port()
    script = ROOT / "tests" / "support" / "model_server.py"
    options = ["--port", str(port), "--delay", str(delay_ms), "--chunks", str(CHUNKS)]
    url = f"http://127.0.0.1:{port}"
    with processes.running(processes.python(str(script), *options), {}, WORK / "model.log", f"{url}/v1/models"):
        yield url


@contextlib.contextmanager
def passthrough(model: str) -> Iterator[Target]:
    port = processes.free_port()
    command = processes.python(
        "-m", "uvicorn", "--app-dir", str(ROOT / "bench"), "passthrough:app", "--port", str(port)
    )
    command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    url = f"http://127.0.0.1:{port}"
    with processes.running(command, {"MODEL_SERVER": model}, WORK / "passthrough.log", f"{url}/v1/models") as pid:
        yield Target("passthrough", url, "bench", pid)


@contextlib.contextmanager
def plumbline(model: str) -> Iterator[Target]:
    """The whole product in a directory of its own, with the model server as its upstream."""
    state, port = WORK / "plumbline", processes.free_port()
    if (state / "postgres").is_symlink():  # where the database's user cannot reach this directory
        shutil.rmtree((state / "postgres").resolve())
    shutil.rmtree(state, ignore_errors=True)
    environment = dict.fromkeys((name for name in os.environ if name.startswith("PLUMBLINE_")), "") | {
        "DATABASE_URL": "",
        "BROKER_URL": "",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "platform"), str(ROOT)]),
        "ANTHROPIC_BASE_URL": model,
        "ANTHROPIC_API_KEY": "bench",
        "PLUMBLINE_UPSTREAM_MODEL": "claude-mock-1",
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    url = f"http://127.0.0.1:{port}"
    command = processes.python("-c", PRODUCT, str(state))
    with processes.running(command, environment, WORK / "plumbline.log", f"{url}/healthz") as pid:
        lines = (line.partition("=") for line in (state / "demo.env").read_text().splitlines())
        values = {name.removeprefix("export ").strip(): value.strip().strip("\"'") for name, _, value in lines}
        yield Target("plumbline", url, values["PLUMBLINE_API_KEY"], pid)


def check_answers(target: Target) -> None:
    """RuntimeError unless the answer is the model's own.

    A redirect would be a 200 without a call upstream, and flatter every number.
    """
    body = {"model": "default", "max_tokens": 64, "messages": [{"role": "user", "content": MESSAGE}]}
    headers = {"x-api-key": target.key, "anthropic-version": "2023-06-01", "content-type": "application/json"}
    request = urllib.request.Request(f"{target.url}/v1/messages", json.dumps(body).encode(), headers)  # noqa: S310  loopback
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as response:
        text = response.read().decode()
    if "This is the scripted answer" not in text:
        raise RuntimeError(f"{target.name} did not pass the model's answer on: {text[:500]}")


async def load(target: Target, job: Job) -> dict[str, Any]:
    """The job's report, with the CPU milliseconds a request that each kind of the target's processes took."""
    before = processes.cpu_by_kind(target.pid, KINDS)
    measured = await measure(job)
    after = processes.cpu_by_kind(target.pid, KINDS)
    answered = max(1, measured["requests"])
    measured["cpu_ms"] = {kind: round((after[kind] - before.get(kind, 0)) * 1000 / answered, 3) for kind in after}
    if measured["errors"] or not measured["requests"]:
        raise RuntimeError(f"{target.name} failed under load: {json.dumps(measured, indent=1)}")
    return measured


async def measure_targets(options: argparse.Namespace, delay_ms: float, targets: list[Target]) -> list[dict[str, Any]]:
    """Every mode and number of connections, round by round, the targets in turn; what is not measured stands still."""
    rounds = []
    for target in targets:
        check_answers(target)
        await load(target, job_for(target, options, 32, stream=False, seconds=2.0))  # warm
    for number, stream, connections in itertools.product(range(options.rounds), (False, True), options.connections):
        # Turn about, so that neither always follows the other.
        for target in targets if number % 2 == 0 else reversed(targets):
            with processes.paused(target.bystanders(targets)):
                measured = await load(target, job_for(target, options, connections, stream=stream))
            entry = {"target": target.name, "delay_ms": delay_ms, "round": number + 1, **measured}
            rounds.append({name: value for name, value in entry.items() if name not in ("url", "error_samples")})
            print(
                f"{target.name:<11} {measured['mode']:<6} {connections:>3} connections, model {delay_ms:g} ms: "
                f"{measured['requests_per_second']:>7.0f} requests/s, p50 {measured['p50_ms']:.1f} ms, "
                f"p99 {measured['p99_ms']:.1f} ms, web CPU {measured['cpu_ms']['web']:.2f} ms",
                flush=True,
            )
    for target in targets:
        check_answers(target)
    return rounds


def job_for(target: Target, options: argparse.Namespace, connections: int, *, stream: bool, seconds: float = 0) -> Job:
    return Job(target.url, target.key, connections, seconds or options.seconds, stream=stream)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 32, 128])
    parser.add_argument(
        "--delays", type=float, nargs="+", default=[0.0, 50.0], metavar="MS", help="of the model server"
    )
    parser.add_argument("--only", choices=["passthrough", "plumbline"], help="one target; prints only")
    parser.add_argument("--quick", action="store_true", help="one short round without delay; prints only")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.delays = 1, 1.0, [0.0]
    return options


def main() -> int:
    options = arguments()
    WORK.mkdir(parents=True, exist_ok=True)
    rounds: list[dict[str, Any]] = []
    load_before = os.getloadavg()[0]  # of others' work: more than a little makes the numbers worthless
    try:
        for delay_ms in options.delays:
            with contextlib.ExitStack() as stack:
                model = stack.enter_context(model_server(delay_ms))
                starters = [start for start in (passthrough, plumbline) if options.only in (None, start.__name__)]
                targets = [stack.enter_context(start(model)) for start in starters]
                # The path by itself too, as where reviews have machines of their own.
                targets += [replace(one, name="path", held="celery") for one in targets if one.name == "plumbline"]
                rounds += uvloop.run(measure_targets(options, delay_ms, targets))
    except (RuntimeError, OSError) as failure:
        print(f"bench failed: {failure}", file=sys.stderr)
        return 1
    if options.only or options.quick:
        return 0
    settings = {"rounds": options.rounds, "seconds": options.seconds, "chunks": CHUNKS, "load_before": load_before}
    print("\n" + report.write(rounds, settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
