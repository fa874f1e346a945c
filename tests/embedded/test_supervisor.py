"""The supervisor keeps its processes alive, stops them in order, and leaves nothing behind however it ends."""

import os
import re
import signal
import time

import pytest

from embedded.supervisor import SECOND_THOUGHTS
from tests.embedded.programs import eventually

SUPERVISE = """
import sys
from embedded.processes import Process
from embedded.supervisor import Supervisor

def python(name, source, **options):
    return Process(name, [sys.executable, "-u", "-c", source], **options)

SLEEP = "import os, time; print('up', os.getpid()); time.sleep(600)"
POLITE = '''
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("stopping"), sys.exit(0)))
print("up", os.getpid())
time.sleep(600)
'''
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(600)"
# forks a grandchild into a session of its own, where no process group reaches it
PARENT = '''
import os, signal, time
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up")
time.sleep(600)
'''

with Supervisor() as supervisor:
"""


def pids(said: str, name: str) -> list[int]:
    return [int(pid) for pid in re.findall(rf"^{name} +\| up (\d+)", said, re.MULTILINE)]


def test_a_process_that_dies_is_started_again_and_said_so(program):
    one = program(SUPERVISE + "    supervisor.start([python('sleeper', SLEEP)])\n    supervisor.watch()\n")
    assert one.says("sleeper   | up ")
    os.kill(pids(one.said(), "sleeper")[0], signal.SIGKILL)
    assert one.says("sleeper was killed by SIGKILL; starting it again")
    assert one.says("sleeper   | up ")
    assert eventually(lambda: len(pids(one.said(), "sleeper")) == 2)
    assert one.stop() == 0
    assert one.leaves_nothing()


def test_what_started_last_stops_first(program):
    start = "    supervisor.start([python('database', POLITE)])\n    supervisor.start([python('web', POLITE)])\n"
    one = program(SUPERVISE + start + "    supervisor.watch()\n")
    assert one.says("web       | up")
    assert one.says("database  | up")
    assert one.stop() == 0
    said = one.said()
    assert said.index("web       | stopping") < said.index("database  | stopping")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_even_those_that_ignore_it(program, number):
    start = "    supervisor.start([python('stubborn', STUBBORN, grace=0.2), python('parent', PARENT)])\n"
    one = program(SUPERVISE + start + "    supervisor.watch()\n")
    assert one.says("stubborn  | up")
    assert one.says("parent    | up")
    assert one.stop(number) == 0
    assert "stubborn did not stop when asked; killing it" in one.said()
    assert one.left() == []


def test_a_second_signal_does_not_wait_for_the_grace(program):
    start = "    supervisor.start([python('stubborn', STUBBORN, grace=600)])\n"
    one = program(SUPERVISE + start + "    supervisor.watch()\n")
    assert one.says("stubborn  | up")
    one.process.send_signal(signal.SIGINT)
    one.process.send_signal(signal.SIGTERM)  # a terminal and `make` both pass a Ctrl-C on: that is still once
    time.sleep(SECOND_THOUGHTS + 0.2)
    assert "killing" not in one.said()
    assert one.stop(signal.SIGTERM) == 0
    assert one.left() == []


def test_killed_outright_it_takes_its_processes_with_it(program):
    start = "    supervisor.start([python('sleeper', SLEEP), python('stubborn', STUBBORN)])\n"
    one = program(SUPERVISE + start + "    supervisor.watch()\n")
    assert one.says("sleeper   | up")
    assert one.says("stubborn  | up")
    assert len(one.left()) == 3
    one.stop(signal.SIGKILL)
    assert one.leaves_nothing()


def test_a_process_that_dies_at_once_is_reported_with_its_last_words(program):
    start = """
    from embedded.processes import StartError
    (child,) = supervisor.start([python('broken', "raise SystemExit('no such table')", ready=lambda: False)])
    try:
        child.wait_ready()
    except StartError as error:
        print("told:", error)
"""
    one = program(SUPERVISE + start)
    assert one.process.wait(timeout=20) == 0
    assert "told: broken stopped at once (exited with 1), last saying:\n    no such table" in one.said()


def test_a_short_command_returns_its_lines_and_its_failure_stops_the_start(program):
    start = """
    from embedded.processes import StartError
    print("lines", supervisor.complete(python('short', "print('one'); print('two')")))
    try:
        supervisor.complete(python('migrate', "print('conflict'); raise SystemExit(3)"))
    except StartError as error:
        print("told:", error)
"""
    one = program(SUPERVISE + start)
    assert one.process.wait(timeout=20) == 0
    assert "lines ['one', 'two']" in one.said()
    assert "told: migrate exited with 3:\n    conflict" in one.said()
