"""RtMidi behind one small face, through rtmidi2, which has wheels for every Python and system.

Its Linux wheel bundles a JACK library that does not speak to current servers, and its errors end
the process; so the system's libraries are loaded first, and nothing is asked of a system that is
not there.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from synth.errors import OutputUnavailable
from synth.outputs.midi_binding import MidiReceiver, MidiSender, Receive, gone, no_midi
from synth.outputs.midi_system import MidiSystem, jack_is_running
from synth.outputs.system_libraries import quiet_stderr

# Reached through `engines.midi_binding`; `MidiBinding` says what each function does.

_CLIENT = "biofeedback"
_JACK = 3  #: RtMidi's number of it
_ATTEMPTS = 3
_QUEUED = 1024  #: messages that RtMidi holds for a thread that is busy


def list_ports() -> list[str]:
    """Return the names of the ports that MIDI can be sent to; empty without any MIDI system."""
    return [name for api in _apis() for name in _names(_client(api))]


def open_port(name: str) -> MidiSender:
    """Open the port of exactly this name; raise `OutputUnavailable` if it has gone."""
    for api in _apis():
        client = _client(api)
        system = MidiSystem(is_jack=api == _JACK)
        for _ in range(_ATTEMPTS):
            names = _names(client)
            if name not in names:
                break
            before = system.connections(name)
            with quiet_stderr():
                client.open_port(names.index(name))
            ours = system.new_connections(name, before)
            if ours or not system.is_jack:
                return _sender(client, name, system, ours)
            client.close_port()  # a port went meanwhile, and another has its number now
        system.close()
        client = None  # an error that is kept must not keep it: it crashes without its server
    raise gone(name)


def list_inputs() -> list[str]:
    """Return the names of the ports that send MIDI; empty without any MIDI system."""
    return [name for api in _apis() for name in _names(_listener(api))]


def open_input(name: str, receive: Receive) -> MidiReceiver:
    """Listen to the port of exactly this name; raise `OutputUnavailable` if it has gone."""
    for api in _apis():
        client = _listener(api)
        names = _names(client)
        if name not in names:
            client = None  # an error that is kept must not keep it: it crashes without its server
            continue
        system = MidiSystem(is_jack=api == _JACK)
        before = system.connections(name)
        with quiet_stderr():
            client.open_port(names.index(name))
        client.callback = lambda message, delta_s: receive(tuple(message), delta_s)
        return _receiver(client, name, system, system.new_connections(name, before, settled=False))
    raise gone(name)


def open_virtual_input(name: str, receive: Receive) -> MidiReceiver:
    """Offer a port for other programs to send to."""
    _check_virtual()
    for api in _apis():
        client = _listener(api, name)
        with quiet_stderr():
            client.open_virtual_port(name)
        client.callback = lambda message, delta_s: receive(tuple(message), delta_s)
        return _receiver(client, name, MidiSystem(is_jack=api == _JACK), None)
    raise no_midi()


def open_virtual(name: str) -> MidiSender:
    """Offer a port for other programs to connect to."""
    _check_virtual()
    for api in _apis():
        client = _client(api, client_name=name)
        with quiet_stderr():
            client.open_virtual_port(name)
        system = MidiSystem(is_jack=api == _JACK)
        return _sender(client, name, system)
    raise no_midi()


def _check_virtual() -> None:
    if sys.platform == "win32":
        raise OutputUnavailable(
            "Windows cannot make virtual MIDI ports",
            hint="Create one with loopMIDI, then use midi:PORT NAME.",
        )


def _apis() -> list[int]:
    """Return the numbers of RtMidi's systems that are present here, the preferred one first."""
    if not sys.platform.startswith("linux"):
        return [0]  # the only one compiled in
    alsa = [2] if os.access("/dev/snd/seq", os.R_OK | os.W_OK) else []
    jack = [_JACK] if jack_is_running() else []
    return alsa + jack


def _client(api: int, client_name: str = _CLIENT) -> Any:
    library = _library()
    with quiet_stderr():
        return library.MidiOut(client_name, api)


def _listener(api: int, client_name: str = _CLIENT) -> Any:
    library = _library()
    with quiet_stderr():
        client = library.MidiIn(client_name, _QUEUED, api)
    client.ignore_types(midi_sysex=True, midi_time=False, midi_sense=True)
    return client


def _library() -> Any:
    if sys.platform.startswith("linux"):
        for library in ("libjack.so.0", "libasound.so.2"):
            try:
                ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)
            except OSError:
                continue  # that system is not installed, and its port is not offered either
    try:
        import rtmidi2
    except ImportError as error:
        raise OutputUnavailable(
            f"no MIDI library can be loaded: {error}", hint="pip install rtmidi2"
        ) from error
    return rtmidi2


def _names(client: Any) -> list[str]:
    with quiet_stderr():
        return [str(name) for name in client.ports]


def _sender(
    client: Any, name: str, system: MidiSystem, connections: frozenset[str] | None = None
) -> MidiSender:
    """Return the face of an open client; `connections` are None for a virtual port."""

    def send(message: Sequence[int]) -> None:
        client.send_raw(*message)

    def close() -> None:
        client.close_port()
        system.close()

    return MidiSender(name, send, close, _presence(client, name, system, connections))


def _receiver(
    client: Any, name: str, system: MidiSystem, connections: frozenset[str] | None
) -> MidiReceiver:
    def close() -> None:
        client.callback = None
        client.close_port()
        system.close()

    return MidiReceiver(name, close, _presence(client, name, system, connections))


def _presence(
    client: Any, name: str, system: MidiSystem, connections: frozenset[str] | None
) -> Callable[[], bool]:
    def present() -> bool:
        if not system.alive or connections is None:
            return system.alive
        return name in _names(client) and connections <= system.connections(name)

    return present
