"""A child speaks on a socket of its own, whatever it prints and whoever else it starts."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from synth import wire

_ECHO = """
import os, subprocess, sys
print("prose"); os.write(1, b"more prose"); os.system("echo of a program")
from synth.wire import ChildEnd
with ChildEnd() as end:
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
    end.say(f"{left.pid}\\n".encode())
    for line in end.lines():
        end.say(line.upper())
"""

_PRINTS = """
import sys
print("a library says hello")
sys.stderr.write("and complains")
sys.stdout.flush()
"""

MEANS = pytest.mark.parametrize("means", ["inherited", "loopback"])


def child(program: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-c", program)


@pytest.fixture
def printing(tmp_path, monkeypatch):
    """Every interpreter that starts prints before the first line of its program."""
    (tmp_path / "sitecustomize.py").write_text(_PRINTS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)


@MEANS
def test_only_what_is_said_comes_over_the_wire_and_it_ends_with_the_child(printing, means) -> None:
    process, ours = wire.start(*child(_ECHO), means=means)
    with process, ours, ours.makefile("rwb") as stream:
        grandchild = int(stream.readline())
        try:
            stream.write(b"one\ntwo\n")
            stream.flush()
            assert [stream.readline(), stream.readline()] == [b"ONE\n", b"TWO\n"]
            process.kill()
            assert stream.read() == b""  # though one whom it started is still there
        finally:
            os.kill(grandchild, signal.SIGKILL)


@MEANS
def test_streams_carry_the_same_and_their_end_ends_the_child(printing, means) -> None:
    async def talk() -> tuple[bytes, bytes, int]:
        process, reader, writer = await wire.spawn(*child(_ECHO), means=means)
        grandchild = int(await reader.readline())
        os.kill(grandchild, signal.SIGKILL)
        writer.write(b"a line\n")
        answer = await reader.readline()
        writer.close()
        code = await process.wait()
        return answer, await reader.read(), code

    assert asyncio.run(talk()) == (b"A LINE\n", b"", 0)


@MEANS
def test_a_child_that_fails_at_once_is_a_wire_that_ends(means) -> None:
    process, ours = wire.start(*child("raise SystemExit(3)"), means=means)
    with process, ours:
        assert ours.recv(1) == b""
        assert process.wait() == 3


def test_a_stranger_at_the_door_is_sent_away() -> None:
    guess = """
import os, socket
port = int(os.environ["SYNTH_WIRE"].split(":")[1])
with socket.create_connection(("127.0.0.1", port)) as guess:
    guess.sendall(b"0" * 32)
    assert guess.recv(1) == b""
from synth.wire import ChildEnd
with ChildEnd() as end:
    end.say(b"it is me")
"""
    process, ours = wire.start(*child(guess), means="loopback")
    with process, ours:
        assert ours.makefile("rb").read() == b"it is me"


_LAST_WORDS = """
from synth.wire import ChildEnd
with ChildEnd() as end:
    end.read(10.0)
    end.offer(b"the reason\\n")
"""


@MEANS
def test_the_last_word_arrives_though_more_was_sent_meanwhile(means) -> None:
    """A child that ends with something unread would else take its own answer along."""

    async def talk() -> bytes:
        process, reader, writer = await wire.spawn(*child(_LAST_WORDS), means=means)
        for _ in range(50):
            writer.write(b"more and more\n" * 1000)
            await asyncio.sleep(0.002)
        said = await reader.readline()
        writer.close()
        await process.wait()
        return said

    assert asyncio.run(talk()) == b"the reason\n"


def test_one_who_does_not_listen_loses_whole_lines_and_holds_nobody_up(monkeypatch) -> None:
    ours, theirs = socket.socketpair()
    monkeypatch.setenv("SYNTH_WIRE", f"inherited:{theirs.detach()}")
    with ours, ours.makefile("rb") as stream:
        end = wire.ChildEnd()
        for number in range(20_000):
            end.offer(f"line {number} {'x' * 100}\n".encode())
        goodbye = threading.Thread(target=end.close)
        goodbye.start()
        lines = stream.read().splitlines()
        ours.shutdown(socket.SHUT_WR)
        goodbye.join()
    numbers = [int(line.split()[1]) for line in lines]
    assert all(line.endswith(b"x" * 100) for line in lines)
    assert numbers == sorted(set(numbers))
    assert 100 < len(numbers) < 20_000


def test_a_high_number_of_the_descriptor_is_no_matter() -> None:
    """`select` knows numbers below 1024 alone, and a desk with many listeners has more."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limits[1] < 1200:
        pytest.skip("so many descriptors are not allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(1200, limits[0]), limits[1]))
    taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(1050)]
    try:
        process, ours = wire.start(*child(_LAST_WORDS))
    finally:
        for number in taken:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    with process, ours:
        assert ours.fileno() > 1000
        ours.sendall(b"go on")
        assert ours.makefile("rb").read() == b"the reason\n"


@pytest.mark.rig
def test_a_program_of_ours_that_is_started_by_hand_says_so() -> None:
    done = subprocess.run(
        child("from synth.wire import ChildEnd; ChildEnd()"), capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == "this program is started by another one, and speaks with that alone\n"


def test_the_message_is_there_at_once() -> None:
    process, ours = wire.start(*child(_ECHO), means="loopback")
    with process, ours, ours.makefile("rwb") as stream:
        os.kill(int(stream.readline()), signal.SIGKILL)
        turns = []
        for _ in range(20):
            sent_s = time.perf_counter()
            stream.write(b"x\n")
            stream.flush()
            stream.readline()
            turns.append(time.perf_counter() - sent_s)
    assert sorted(turns)[0] < 0.02  # 40 ms and more where small pieces are held back
