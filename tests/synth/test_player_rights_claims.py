"""What a player asks of the system before it plays, on a system of a test's own."""

import ctypes
import os
import signal
import struct
import sys
from types import SimpleNamespace

import pytest

from synth.player import realtime_priority


class System:
    """Grants what it is told to; writes down what it was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *grants: str) -> None:
        self.grants = grants
        self.asked: list[object] = []
        rights = realtime_priority
        for name in ("collect", "freeze", "disable"):
            monkeypatch.setattr(rights.gc, name, lambda name=name: self.asked.append(name))
        library = SimpleNamespace(prctl=lambda *numbers: self.asked.append(numbers))
        monkeypatch.setattr(rights.ctypes, "CDLL", lambda name: library)
        monkeypatch.setattr(os, "sched_setscheduler", self.schedule)
        monkeypatch.setattr(os, "setpriority", self.prioritise)
        monkeypatch.setattr(rights, "_short_slices", lambda: "slices" in grants)
        monkeypatch.setattr(rights.shutil, "which", self.which)
        monkeypatch.setattr(rights.subprocess, "run", self.run)
        monkeypatch.setattr("resource.setrlimit", lambda *limits: self.asked.append(limits[1]))
        monkeypatch.setattr(signal, "signal", lambda *handler: None)

    def schedule(self, process_id: int, policy: int, param: os.sched_param) -> None:
        self.asked.append((process_id, policy, param.sched_priority))
        if "fifo" not in self.grants:
            raise PermissionError

    def prioritise(self, *numbers: int) -> None:
        self.asked.append(numbers)
        if "nice" not in self.grants:
            raise PermissionError

    def which(self, program: str) -> str | None:
        return f"/usr/bin/{program}" if program in self.grants else None

    def run(self, command: list[str], **options: object) -> SimpleNamespace:
        self.asked.append(command)
        assert options["timeout"] == 2.0
        if "hangs" in self.grants:
            raise realtime_priority.subprocess.TimeoutExpired(command, 2.0)
        return SimpleNamespace(returncode=0 if "rtkit" in self.grants else 1)


linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only: other systems need nothing")


@linux
@pytest.mark.parametrize(
    ("grants", "granted"),
    [
        (("fifo", "nice", "slices"), "fifo"),
        (("busctl", "rtkit", "nice"), "rtkit"),
        (("dbus-send", "rtkit"), "rtkit"),
        (("busctl", "nice", "slices"), "nice"),
        (("busctl", "hangs", "slices"), "short slices"),
        (("rtkit",), "normal"),
    ],
)
def test_it_takes_the_best_rights_that_there_are(
    monkeypatch: pytest.MonkeyPatch, grants: tuple[str, ...], granted: str
) -> None:
    system = System(monkeypatch, *grants)
    assert realtime_priority.become_punctual() == granted
    assert system.asked[:3] == ["collect", "freeze", "disable"]
    assert system.asked[3] == (29, 1, 0, 0, 0)  # timer slack, of a nanosecond
    assert system.asked[4] == (0, os.SCHED_FIFO, 50)
    if granted in ("nice", "short slices", "normal"):
        assert system.asked[-1] == (os.PRIO_PROCESS, 0, -10)


@linux
@pytest.mark.parametrize(
    ("program", "call"),
    [
        ("busctl", "--system --timeout=1 call org.freedesktop.RealtimeKit1 "
         "/org/freedesktop/RealtimeKit1 org.freedesktop.RealtimeKit1 MakeThreadRealtimeWithPID "
         "ttu {pid} {pid} 20"),
        ("dbus-send", "--system --dest=org.freedesktop.RealtimeKit1 --print-reply "
         "/org/freedesktop/RealtimeKit1 org.freedesktop.RealtimeKit1.MakeThreadRealtimeWithPID "
         "uint64:{pid} uint64:{pid} uint32:20"),
    ],
)  # fmt: skip
def test_the_desktop_s_service_is_asked_with_a_limit_on_what_hangs(
    monkeypatch: pytest.MonkeyPatch, program: str, call: str
) -> None:
    system = System(monkeypatch, program, "rtkit")
    assert realtime_priority.ask_rtkit()
    limit, command = system.asked
    assert limit == (150_000, 200_000)
    assert " ".join(command) == f"/usr/bin/{program} {call.format(pid=os.getpid())}"


@linux
def test_a_thread_that_rules_for_too_long_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    system, handlers = System(monkeypatch, "busctl", "rtkit", "fifo"), dict[int, object]()
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    assert realtime_priority.ask_rtkit()
    system.asked.clear()
    handlers[signal.SIGXCPU](signal.SIGXCPU, None)  # type: ignore[operator]
    assert system.asked == [(0, os.SCHED_OTHER, 0)]


@pytest.mark.parametrize(("answer", "granted"), [(0, True), (-1, False)])
def test_short_turns_are_asked_for_in_the_kernel_s_own_words(
    monkeypatch: pytest.MonkeyPatch, answer: int, granted: bool
) -> None:
    asked: list[tuple[object, ...]] = []

    def syscall(*words: object) -> int:
        asked.append(words)
        return answer

    library = SimpleNamespace(syscall=syscall)
    monkeypatch.setattr(realtime_priority.ctypes, "CDLL", lambda name: library)
    monkeypatch.setattr(realtime_priority.platform, "machine", lambda: "x86_64")
    assert realtime_priority._short_slices() is granted
    ((number, process, request, flags),) = asked
    assert (number, process, flags) == (314, 0, 0)
    size, *others = struct.unpack("IIQiIQQQII", ctypes.string_at(request, 56))
    assert (size, others) == (56, [0, 0, 0, 0, 100_000, 0, 0, 0, 0])
    monkeypatch.setattr(realtime_priority.platform, "machine", lambda: "sparc")
    assert not realtime_priority._short_slices()
