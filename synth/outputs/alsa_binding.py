"""ALSA's sequencer through alsa-midi, for Linux machines that rtmidi2 has no wheel for."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from synth.errors import OutputUnavailable
from synth.outputs.midi_binding import MidiReceiver, MidiSender, Receive, gone, no_midi

# Reached through `engines.midi_binding`; `MidiBinding` says what each function does.

_CLIENT = "biofeedback"
_DEVICE = "/dev/snd/seq"
_SYSEX = 0xF0


def list_ports() -> list[str]:
    """Return the names of the ports that MIDI can be sent to; empty without a sequencer."""
    return _listed(output=True)


def list_inputs() -> list[str]:
    """Return the names of the ports that send MIDI; empty without a sequencer."""
    return _listed(input=True)


def open_port(name: str) -> MidiSender:
    """Open the port of exactly this name; raise `OutputUnavailable` if it has gone."""
    client = _client(_CLIENT)
    there = _ports(client, output=True).get(name)
    if there is None:
        client.close()
        raise gone(name)
    port = client.create_port("out", _library().READ_PORT)
    port.connect_to(there)
    return _sender(client, port, name, lambda: _ports(client, output=True).get(name) == there)


def open_virtual(name: str) -> MidiSender:
    """Offer a port for other programs to connect to."""
    client = _client(name)
    return _sender(client, client.create_port(name, _library().READ_PORT), name, lambda: True)


def open_input(name: str, receive: Receive) -> MidiReceiver:
    """Listen to the port of exactly this name; raise `OutputUnavailable` if it has gone."""
    client = _client(_CLIENT)
    there = _ports(client, input=True).get(name)
    if there is None:
        client.close()
        raise gone(name)
    port = client.create_port("in", _library().WRITE_PORT)
    port.connect_from(there)
    close, alive = _listen(client, port, receive)
    return MidiReceiver(
        name, close, lambda: alive() and _ports(client, input=True).get(name) == there
    )


def open_virtual_input(name: str, receive: Receive) -> MidiReceiver:
    """Offer a port for other programs to send to."""
    client = _client(name)
    port = client.create_port(name, _library().WRITE_PORT)
    return MidiReceiver(name, *_listen(client, port, receive))


def _library() -> Any:
    try:
        import alsa_midi
    except (ImportError, OSError) as error:
        raise OutputUnavailable(
            f"no MIDI library can be loaded: {error}", hint="pip install alsa-midi"
        ) from error
    return alsa_midi


def _client(name: str) -> Any:
    library = _library()
    if not os.access(_DEVICE, os.R_OK | os.W_OK):
        raise no_midi()
    try:
        return library.SequencerClient(name)
    except library.ALSAError as error:
        raise no_midi() from error


def _listed(**direction: bool) -> list[str]:
    try:
        client = _client(_CLIENT)
    except OutputUnavailable:
        if os.access(_DEVICE, os.R_OK | os.W_OK):
            raise
        return []
    try:
        return list(_ports(client, **direction))
    finally:
        client.close()


def _ports(client: Any, **direction: bool) -> dict[str, tuple[int, int]]:
    """Return the addresses of what others offer, by the names that RtMidi gives them."""
    return {
        f"{info.client_name}:{info.name} {info.client_id}:{info.port_id}": (
            info.client_id,
            info.port_id,
        )
        for info in client.list_ports(**direction, sort=False)
        if info.client_id != client.client_id
    }


def _sender(client: Any, port: Any, name: str, present: Callable[[], bool]) -> MidiSender:
    event, failed = _library().MidiBytesEvent, _library().ALSAError

    def send(message: Sequence[int]) -> None:
        try:
            _send(client, event(message), port=port)
        except failed as error:
            raise OSError(str(error)) from error

    return MidiSender(name, send, client.close, present)


def _send(client: Any, event: Any, **way: Any) -> None:
    # alsa-midi 1.0 leaves in its buffer even what it is asked to send directly.
    client.event_output(event, **way)
    client.drain_output()


def _listen(
    client: Any, port: Any, receive: Receive
) -> tuple[Callable[[], None], Callable[[], bool]]:
    """Hand on what arrives, in a thread; return what ends that, and what tells if it goes on."""
    library, over = _library(), threading.Event()

    def run() -> None:
        before_s: float | None = None
        while not over.is_set():
            event = client.event_input(prefer_bytes=True)
            if not isinstance(event, library.MidiBytesEvent) or event.midi_bytes[0] == _SYSEX:
                continue  # ports that come and go, and what wakes us at the end
            now_s = time.monotonic()
            receive(tuple(event.midi_bytes), 0.0 if before_s is None else now_s - before_s)
            before_s = now_s

    thread = threading.Thread(target=run, name="alsa-midi", daemon=True)
    thread.start()

    def close() -> None:
        over.set()
        # A read that waits can be ended only by something that arrives.
        _send(
            client,
            library.Event(library.EventType.USR0),
            port=port,
            dest=(client.client_id, port.port_id),
        )
        thread.join()
        client.close()

    return close, thread.is_alive
