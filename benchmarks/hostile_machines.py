"""What the commands do on machines that are full, closed, poor, or in a hurry.

python benchmarks/hostile_machines.py [--interrupts 30] [--only WORD] [--seed 1]

Each line is one machine and one command: full, closed and broken standard streams, folders that
cannot be written, no HOME, a user without a name, no ALSA files, libraries that print, terminals
that can do nothing, and a second Ctrl-C at random moments of the shutdown, with demo, run, replay
and serve. Right is: the exit code that is documented, the files that were promised, at most two
lines on standard error (an error and its hint) besides what the command always says there, no
traceback. Ends with 1 if anything else was seen.
"""

import argparse
import os
import random
import re
import select
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BIOFEEDBACK = [sys.executable, "-P", "-m", "biofeedback"]
PATIENCE_S = 180.0
DEMO = ["demo", "--minutes", "0.25", "--out", "out"]
RUN = ["run", "-s", "sim:", "-o", "null:", "--duration", "4", "--out", "out"]
FAST = ["run", "-s", "sim:", "-o", "null:", "--fast", "--duration", "60", "--out", "out"]
#: What is never right on a screen.
WRONG = re.compile(
    r"Traceback|Event loop is closed|Exception ignored|never awaited|Warning|Fontconfig|matplotlib"
    r"|numba|BrokenPipe|Errno|core dumped|Expression '|ALSA lib|Task was destroyed"
)
PRINTS = "import sys\nprint('a library says hello', flush=True)\nsys.stderr.write('and more\\n')\n"
NOBODY = 47_000  #: a user id without an entry anywhere


@dataclass(frozen=True)
class Machine:
    """A command on a machine that lacks something, and what is right there."""

    name: str
    command: Sequence[str]
    codes: tuple[int, ...] = (0,)
    files: tuple[str, ...] = ()
    shell: str = ""  #: what the shell adds: redirections, a pipe; {} is the command
    env: dict[str, str | None] = field(default_factory=dict)
    ready: Callable[[Path], None] | None = None
    user: int | None = None


MIDI_REPORT = ("session.mid", "report.html")
ALL = (*MIDI_REPORT, "session.wav")


def _sitecustomize(folder: Path) -> None:
    (folder / "sitecustomize.py").write_text(PRINTS)


def machines() -> list[Machine]:
    """Return them all."""
    found = []
    for name, shell in (
        ("full standard output", "{} >/dev/full"),
        ("full standard output and error", "{} >/dev/full 2>/dev/full"),
        ("closed standard output", "{} >&-"),
        ("closed standard streams", "{} <&- >&- 2>&-"),
        ("closed standard input", "{} <&-"),
        ("a reader that has gone", "{} | true; exit ${{PIPESTATUS[0]}}"),
    ):
        found += [
            Machine(name, DEMO, files=ALL, shell=shell),
            Machine(name, RUN, files=MIDI_REPORT, shell=shell),
        ]
    listing = ["programmes"]
    found += [
        Machine("full standard output", listing, (2,), shell="{} >/dev/full"),
        Machine("full standard output", ["ports", "--json"], (2,), shell="{} >/dev/full"),
        Machine("full standard output", ["--help"], (2,), shell="{} >/dev/full"),
        Machine("closed standard output", listing, shell="{} >&-"),
        Machine("closed standard output", ["ports", "--json"], shell="{} >&-"),
        Machine("a reader that has gone", listing, shell="{} | true; exit ${{PIPESTATUS[0]}}"),
        Machine("a reader that has gone", ["--help"], shell="{} | true; exit ${{PIPESTATUS[0]}}"),
        Machine("closed standard input", [], shell="{} <&-"),
    ]
    nowhere: dict[str, str | None] = {
        "HOME": "/proc/nobody", "XDG_DATA_HOME": None, "XDG_CONFIG_HOME": None,
        "XDG_CACHE_HOME": None, "MPLCONFIGDIR": None,
    }  # fmt: skip
    homeless = {**nowhere, "HOME": None}
    poor = {**nowhere, "TMPDIR": "/proc/nobody"}
    for name, env, user in (
        ("a HOME that cannot be written", nowhere, None),
        ("neither HOME nor TMPDIR can be written", poor, None),
        ("no HOME", homeless, None),
        ("no HOME, and a user without a name", homeless, NOBODY),
        ("no locale", {"LC_ALL": "C", "LANG": None, "PYTHONIOENCODING": "ascii"}, None),
        ("a dumb terminal", {"TERM": "dumb"}, None),
        ("no ALSA files", {"ALSA_CONFIG_PATH": "/proc/nobody"}, None),
    ):
        found += [
            Machine(name, DEMO, files=ALL, env=env, user=user),
            Machine(name, RUN, files=MIDI_REPORT, env=env, user=user),
        ]
    at_home = RUN[:-2]
    found += [
        Machine("a HOME that cannot be written", at_home, (2,), env=nowhere),
        Machine("no HOME, and a user without a name", at_home, (2,), env=homeless, user=NOBODY),
        Machine("a HOME that cannot be written", ["doctor"], (0, 1, 2), env=nowhere),
        Machine("no HOME, and a user without a name", ["doctor"], (0, 1, 2), env=homeless,
                user=NOBODY),
    ]  # fmt: skip
    silent: dict[str, str | None] = {"ALSA_CONFIG_PATH": "/proc/nobody"}
    for output in ("audio:nowhere", "audio:", "midi-jack:X", "midi:X", "midi-virtual:X"):
        command = ["run", "-s", "sim:", "-o", output, "--duration", "2", "--out", "out"]
        found.append(Machine("no ALSA files", command, (2,), env=silent))
    found += [
        Machine("no ALSA files", ["ports"], env=silent),
        Machine("no ALSA files", ["doctor"], (0, 1, 2), env=silent),
    ]
    prints: dict[str, str | None] = {"PYTHONPATH": "."}
    found += [
        Machine("an interpreter that prints", command, env=prints, files=files,
                ready=_sitecustomize)
        for command, files in ((DEMO, ALL), (RUN, MIDI_REPORT), (["ports"], ()))
    ]  # fmt: skip
    return found


def environment(changes: dict[str, str | None]) -> dict[str, str]:
    """Return ours with the changes; None takes a variable away."""
    env = {**os.environ, **changes}
    return {key: value for key, value in env.items() if value is not None}


def quoted(command: Sequence[str]) -> str:
    """Return a command for the shell."""
    return " ".join(f"'{word}'" for word in command)


def program_for(user: int | None) -> tuple[list[str], dict[str, str | None]]:
    """Return a command of which that user may execute each part, and what it needs.

    An interpreter below a home that is closed to others is replaced by the system's of the same
    version, with our packages. LookupError where there is none.
    """
    if user is None:
        return BIOFEEDBACK, {}
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for python in (sys.executable, f"/usr/bin/python{version}"):
        real = Path(python).resolve()
        if real.is_file() and all(part.stat().st_mode & 0o001 for part in (real, *real.parents)):
            checkout = Path(__file__).resolve().parent.parent
            packages = f"{checkout}:{sysconfig.get_path('purelib')}"
            return [python, *BIOFEEDBACK[1:]], {"PYTHONPATH": packages}
    raise LookupError(f"no Python {version} here that others may execute")


def try_machine(machine: Machine) -> list[str]:
    """Return what was wrong."""
    program, needs = program_for(machine.user)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chmod(folder, 0o777)
        if machine.ready:
            machine.ready(folder)
        command = quoted([*program, *machine.command])
        shell = machine.shell.format(command) if machine.shell else command
        done = subprocess.run(
            ["bash", "-c", shell], cwd=folder, env=environment({**machine.env, **needs}),
            text=True, user=machine.user, capture_output=True, timeout=PATIENCE_S, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        wrong = []
        if done.returncode not in machine.codes:
            wrong.append(f"exit {done.returncode}")
        wrong += _missing(folder, machine.files)
        wrong += sorted(set(WRONG.findall(done.stdout + done.stderr)))
        said = [line for line in done.stderr.splitlines() if not _usual(line)]
        if len(said) > 2 or (2 in machine.codes and done.returncode == 2 and not said):
            wrong.append(f"{len(said)} lines on standard error")
        if wrong:
            wrong += [f"    | {line}" for line in done.stderr.splitlines()[-8:]]
        return wrong


def _missing(folder: Path, files: Sequence[str]) -> list[str]:
    sessions = list((folder / "out").glob("*/session.jsonl"))
    if files and not sessions:
        return ["no session"]
    return [f"no {name}" for name in files if not (sessions[0].parent / name).is_file()]


def _usual(line: str) -> bool:
    usual = r"and more$|A virtual listener|Writing the|Rendering|The body is|The first|\d+:\d\d "
    return not line.strip() or re.match(usual, line) is not None


SERVE = ["serve", "--port", "0", "--no-open", "--out", "out"]
LONG = ["run", "-s", "sim:", "-o", "null:", "--duration", "600", "--out", "out"]


def try_interrupts(kind: str, rng: random.Random) -> list[str]:
    """Press Ctrl-C twice in a terminal, the second one at a random moment of the shutdown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if kind == "replay":
            _recording(folder / "rr.txt")
        command = {
            "demo": ["demo", "--out", "out"],
            "run": LONG,
            "replay": ["replay", "rr.txt", "--realtime", "-o", "null:", "--out", "out"],
            "serve": SERVE,
        }[kind]
        keyboard, terminal = os.openpty()
        child = subprocess.Popen(
            [*BIOFEEDBACK, *command], cwd=folder, stdin=terminal, stdout=terminal,
            stderr=terminal, start_new_session=True, preexec_fn=_controlled,
        )  # fmt: skip
        os.close(terminal)
        shown = bytearray()
        try:
            ready = "Desk of a therapist" if kind == "serve" else None
            _until(keyboard, shown, child, lambda: _plays(folder, shown, ready))
            _until(keyboard, shown, child, _after(rng.uniform(0.0, 2.0)))
            os.write(keyboard, b"\x03")
            between_s = rng.choice((rng.uniform(0.0, 0.1), rng.uniform(0.0, 3.0)))
            _until(keyboard, shown, child, _after(between_s))
            if child.poll() is None:
                os.write(keyboard, b"\x03")
            _until(keyboard, shown, child, lambda: False)
            code = child.wait(PATIENCE_S)
        finally:
            child.kill()
            child.wait()
            os.close(keyboard)
        wrong = [] if code == 130 else [f"exit {code}"]
        if kind != "serve":
            wrong += _missing(folder, MIDI_REPORT)
        text = shown.decode(errors="replace")
        wrong += sorted(set(WRONG.findall(text)))
        if wrong:
            wrong.append(f"    | second after {between_s:.2f} s: {text[-1500:]}")
        return wrong


def _controlled() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _recording(path: Path) -> None:
    rng = random.Random(3)
    path.write_text("".join(f"{800 + rng.gauss(0, 30):.0f}\n" for _ in range(2000)))


def _plays(folder: Path, shown: bytearray, ready: str | None) -> bool:
    if ready is not None:
        return ready.encode() in shown
    return any(b'"note"' in log.read_bytes() for log in folder.glob("out/*/session.jsonl"))


def _after(seconds: float) -> Callable[[], bool]:
    end_s = time.monotonic() + seconds
    return lambda: time.monotonic() >= end_s


def _until(
    keyboard: int, shown: bytearray, child: subprocess.Popen[bytes], reached: Callable[[], bool]
) -> None:
    """Read what is shown until something is reached, or the child has gone."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not reached() and time.monotonic() < deadline_s:
        if select.select([keyboard], [], [], 0.02)[0]:
            try:
                shown += os.read(keyboard, 65536)
            except OSError:
                return
        elif child.poll() is not None:
            return


def main() -> None:
    """Try them all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--interrupts", type=int, default=30, metavar="N", help="for each command")
    parser.add_argument("--only", default="", metavar="WORD", help="machines whose name has it")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    bad = 0
    for machine in machines():
        name = f"{machine.name}: {' '.join(machine.command) or '(no command)'}"
        if chosen.only in name:
            bad += _tell(name, try_machine(machine))
    rng = random.Random(chosen.seed)
    for kind in ("demo", "run", "replay", "serve"):
        for number in range(chosen.interrupts):
            name = f"second Ctrl-C: {kind}, {number + 1}"
            if chosen.only in name:
                bad += _tell(name, try_interrupts(kind, rng))
    print(f"{bad} wrong")
    sys.exit(bool(bad))


def _tell(name: str, wrong: list[str]) -> bool:
    print(f"{'WRONG' if wrong else 'ok':6}{name}", flush=True)
    for line in wrong:
        print(f"      {line}", flush=True)
    return bool(wrong)


if __name__ == "__main__":
    main()
