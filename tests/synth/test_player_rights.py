"""What a player asks of the system, and of the desktop's service for real-time rights."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from synth.player import realtime_priority

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only: other systems need nothing")


@contextmanager
def system_bus() -> Iterator[str]:
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        try:
            yield daemon.stdout.readline().strip()
        finally:
            daemon.terminate()


async def asked(address: str) -> tuple[int, list]:
    """Serve as RealtimeKit while a process asks for rights; return its exit code and the calls."""
    from dbus_fast import Message, MessageType
    from dbus_fast.aio import MessageBus

    bus = await MessageBus(bus_address=address).connect()
    calls: list = []

    def serve(message: Message) -> Message | None:
        if message.message_type is MessageType.METHOD_CALL and "RealtimeKit1" in message.interface:
            calls.append((message.member, message.signature, message.body))
            return Message.new_method_return(message)
        return None

    bus.add_message_handler(serve)
    await bus.request_name("org.freedesktop.RealtimeKit1")
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _ASK),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address},
    )
    out, _ = await child.communicate()
    bus.disconnect()
    return int(out), calls


_ASK = """
import os, resource
from synth.player.realtime_priority import ask_rtkit
granted = ask_rtkit()
limits = resource.getrlimit(resource.RLIMIT_RTTIME)
print(os.getpid() if granted and max(limits) <= 200_000 else -1)
"""


@pytest.mark.rig
@linux
def test_the_desktops_service_is_asked_for_the_thread_that_plays() -> None:
    with system_bus() as address:
        process, calls = asyncio.run(asked(address))
    assert calls == [("MakeThreadRealtimeWithPID", "ttu", [process, process, 20])]


@pytest.mark.rig
@linux
def test_without_that_service_the_next_best_is_taken_and_named() -> None:
    program = (
        "import os; from synth.player import realtime_priority\n"
        "def refuse(*_): raise PermissionError\n"
        "os.sched_setscheduler = os.setpriority = refuse\n"
        "print(realtime_priority.become_punctual())\n"
        "print(open('/proc/self/timerslack_ns').read())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere"},
    )
    granted, slack_ns = done.stdout.split("\n")[:2]
    assert granted in ("short slices", "normal")
    assert int(slack_ns) == 1


def test_only_real_time_rights_allow_a_long_spin() -> None:
    assert {"fifo", "rtkit"} == realtime_priority.REALTIME
