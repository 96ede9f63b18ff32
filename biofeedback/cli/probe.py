"""Asks for MIDI ports and audio devices in a child process: a sound library may hang or crash.

The child, asked for `midi`, `midi-in` or `audio`, answers with one JSON object on its wire.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

from synth import wire
from synth.errors import OutputUnavailable, SynthError
from synth.outputs.system_libraries import after_a_crash
from synth.patience import patience_s

__all__ = ["audio_devices", "main", "midi_inputs", "midi_ports"]

TIMEOUT_S = 4.0


def midi_ports() -> list[str]:
    """Return the names of the ports that MIDI can be sent to; often none.

    Raises `OutputUnavailable` when they cannot be asked for.
    """
    return _ask("midi")


def midi_inputs() -> list[str]:
    """Return the names of the ports that send MIDI; often none."""
    return _ask("midi-in")


def audio_devices() -> list[str]:
    """Return the names of the devices that can play sound; often none on a server.

    Raises `OutputUnavailable` when pyo is missing or cannot be loaded.
    """
    return _ask("audio")


def _ask(what: Literal["midi", "midi-in", "audio"]) -> list[str]:
    child, ours = wire.start(sys.executable, "-P", "-m", "biofeedback.cli.probe", what)
    with child, ours:
        try:
            answer = json.loads(_said(ours))
        except TimeoutError as error:
            raise OutputUnavailable(
                f"the {what} system does not answer within {error}",
                hint="Close programs that may block it, or restart the computer's sound service.",
            ) from error
        except (ConnectionError, ValueError) as error:
            with suppress(subprocess.TimeoutExpired):
                child.wait(1.0)
            raise OutputUnavailable(
                f"the {what} library ended the program that asked it (code {child.returncode})",
                hint=after_a_crash(),
            ) from error
        finally:
            child.kill()
    if "error" in answer:
        raise OutputUnavailable(answer["error"], hint=answer["hint"])
    return [str(name) for name in answer["names"]]


def _said(ours: socket.socket) -> bytes:
    """Return all that the child says; raise `TimeoutError` when that takes too long even here."""
    said, began_s, limit_s, extended = b"", time.monotonic(), TIMEOUT_S, False
    while True:
        ours.settimeout(max(0.001, began_s + limit_s - time.monotonic()))
        try:
            piece = ours.recv(1 << 16)
        except TimeoutError:
            if not extended and (slow_s := patience_s(TIMEOUT_S)) > TIMEOUT_S:
                limit_s, extended = slow_s, True
                continue
            raise TimeoutError(f"{limit_s:.3g} s") from None
        if not piece:
            return said
        said += piece


def main(what: str) -> None:
    """Write the names, or the reason why there are none, to the wire."""
    lister: Callable[[], list[str]]
    with wire.ChildEnd() as end:
        if what == "audio":
            from synth.outputs.pyo_live import list_devices as lister
        else:
            from synth.outputs.engines import midi_binding

            lister = midi_binding().list_inputs if what == "midi-in" else midi_binding().list_ports
        try:
            answer: dict[str, object] = {"names": lister()}
        except SynthError as error:
            answer = {"error": str(error), "hint": error.hint}
        end.say(json.dumps(answer).encode())


if __name__ == "__main__":
    main(sys.argv[1])
