"""Whether the MIDI system below a port is there, and what it has connected to the port."""

from __future__ import annotations

import ctypes
import sys
import threading

from synth.outputs.frame_clock import settle
from synth.outputs.system_libraries import quiet_stderr

__all__ = ["MidiSystem", "jack_is_running"]

_JACK_NO_START = 0x01
_CONNECT_S = 1.0


def jack_is_running() -> bool:
    """Tell whether a JACK server answers; never starts one.

    Returns
    -------
    bool
        False everywhere but on Linux.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        jack = ctypes.CDLL("libjack.so.0")
    except OSError:
        return False
    jack.jack_client_open.restype = ctypes.c_void_p
    jack.jack_client_close.argtypes = [ctypes.c_void_p]
    status = ctypes.c_int(0)
    with quiet_stderr():
        client = jack.jack_client_open(b"probe", _JACK_NO_START, ctypes.byref(status))
        if client is None:
            return False
        jack.jack_client_close(client)
    return True


class MidiSystem:
    """Knows whether the MIDI system still runs: only JACK's may end, and it tells its clients.

    Parameters
    ----------
    is_jack
        Whether it is JACK, of all systems the only one that may end.

    Attributes
    ----------
    is_jack
        Whether it is JACK.
    alive
        False once it has ended.
    """

    def __init__(self, *, is_jack: bool) -> None:
        self.alive = True
        self.is_jack = is_jack
        self._client: int | None = None
        if not self.is_jack:
            return
        self._jack = jack = ctypes.CDLL("libjack.so.0")
        jack.jack_client_open.restype = ctypes.c_void_p
        jack.jack_client_close.argtypes = [ctypes.c_void_p]
        jack.jack_on_shutdown.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
        jack.jack_port_by_name.restype = ctypes.c_void_p
        jack.jack_port_by_name.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        jack.jack_port_get_all_connections.restype = ctypes.POINTER(ctypes.c_char_p)
        jack.jack_port_get_all_connections.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        jack.jack_free.argtypes = [ctypes.c_void_p]
        jack.jack_last_frame_time.restype = ctypes.c_uint32
        jack.jack_last_frame_time.argtypes = [ctypes.c_void_p]
        self._callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._ended)
        with quiet_stderr():
            self._client = jack.jack_client_open(b"watch", _JACK_NO_START, None)
        self.alive = self._client is not None
        if self._client is not None:
            jack.jack_on_shutdown(self._client, self._callback, None)

    def _ended(self, argument: int | None) -> None:
        self.alive = False

    def connections(self, port: str) -> frozenset[str]:
        """Return what JACK has connected to a port, which a port that comes back has lost.

        Parameters
        ----------
        port
            Its name.

        Returns
        -------
        frozenset[str]
            Names of ports; empty under other systems.
        """
        if self._client is None or not self.alive:
            return frozenset()
        there = self._jack.jack_port_by_name(self._client, port.encode())
        if there is None:
            return frozenset()
        names = self._jack.jack_port_get_all_connections(self._client, there)
        found: set[str] = set()
        while names and names[len(found)] is not None:
            found.add(names[len(found)].decode())
        if names:
            self._jack.jack_free(names)
        return frozenset(found)

    def new_connections(
        self, port: str, before: frozenset[str], *, settled: bool = True
    ) -> frozenset[str]:
        """Wait until a port has other connections than before, and they hold; return those.

        Parameters
        ----------
        port
            Its name.
        before
            What it was connected to.
        settled
            Whether to wait until they hold; who only listens need not.

        Returns
        -------
        frozenset[str]
            Names of ports; empty under other systems, and after a second.
        """
        if not self.is_jack:
            return frozenset()
        pause = threading.Event()
        for _ in range(round(_CONNECT_S / 0.01)):
            if ours := self.connections(port) - before:
                if settled:
                    settle(lambda: int(self._jack.jack_last_frame_time(self._client)))
                return ours
            pause.wait(0.01)
        return frozenset()

    def close(self) -> None:
        """Let go of the server; harmless twice."""
        client, self._client = self._client, None
        if client is not None:
            self._jack.jack_client_close(client)
