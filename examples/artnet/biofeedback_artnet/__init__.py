"""Light that breathes with the music: an output to lamps that understand Art-Net.

    biofeedback run --sensor ... --output audio: --output artnet:192.168.1.50

The address is HOST or HOST:PORT, of a node or of a whole network. Channel 1 follows the swell that
one may breathe with, channel 2 the loudness of the tune, channel 3 arousal: 0 to 255 each.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Mapping

from synth.errors import OutputLost, OutputUnavailable
from synth.output import NoteOff, NoteOn
from synth.params import Layer, MusicParams

__all__ = ["ArtNetOutput", "packet"]

PORT = 6454
_DMX, _VERSION = 0x5000, 14
_LEAST_STEP_S = 1 / 40  #: lamps take some 44 packets a second


def packet(sequence: int, channels: bytes) -> bytes:
    """Return an ArtDmx packet for universe 0, as in the Art-Net 4 specification."""
    head = struct.pack("<8sH", b"Art-Net\0", _DMX)
    return head + struct.pack(">HBBHH", _VERSION, sequence, 0, 0, len(channels)) + channels


class ArtNetOutput:
    """Three channels of light."""

    lookahead_s = 0.0

    def __init__(self, target: str) -> None:
        host, _, port = target.partition(":")
        if not host or not (port or str(PORT)).isdigit():
            raise OutputUnavailable(
                f"artnet:{target} is no address", hint="For example artnet:192.168.1.50"
            )
        self._place = (host, int(port or PORT))
        self._socket: socket.socket | None = None
        self._light = {"pacer": 0.0, "melody": 0.0, "arousal": 0.0}
        self._volume = 1.0
        self._last_s = 0.0
        self._sent = self._failed = 0

    def open(self, t0_s: float) -> None:
        """Open a socket, lamps dark."""
        try:
            place = (socket.gethostbyname(self._place[0]), self._place[1])
        except OSError as error:
            raise OutputUnavailable(
                f"there is no {self._place[0]!r} in this network", hint="Give its address."
            ) from error
        self._place = place
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._socket.setblocking(False)
        self.panic()

    def send(self, event: NoteOn | NoteOff, due_s: float) -> None:
        """Let the tune shine while it sounds."""
        if event.layer is Layer.MELODY:
            self._light["melody"] = event.velocity / 127 if isinstance(event, NoteOn) else 0.0
            self._show()

    def set_params(self, params: MusicParams) -> None:
        """Ignore the colour of the music."""

    def set_volume(self, gain: float) -> None:
        """Dim all lamps with the volume."""
        self._volume = min(1.0, max(0.0, gain))
        self._show()

    def set_signals(self, values: Mapping[str, float]) -> None:
        """Follow the swell and arousal."""
        self._light |= {name: values[name] for name in ("pacer", "arousal") if name in values}
        self._show()

    def panic(self) -> None:
        """Turn all lamps dark at once."""
        self._light = dict.fromkeys(self._light, 0.0)
        self._show(now=True)

    def check(self) -> None:
        """Raise when nothing reaches the network any more."""
        if self._failed > 100:
            raise OutputLost(f"nothing reaches {self._place[0]}", hint="Check the network.")

    def close(self) -> None:
        """Leave the lamps dark."""
        if self._socket is not None:
            self.panic()
            self._socket.close()
            self._socket = None

    def health(self) -> dict[str, float]:
        """Return how many packets were sent, and how many could not be."""
        return {"packets": self._sent, "failed": self._failed}

    def _show(self, *, now: bool = False) -> None:
        time_s = time.monotonic()
        if self._socket is None or (time_s - self._last_s < _LEAST_STEP_S and not now):
            return
        self._last_s = time_s
        shares = (min(1.0, max(0.0, self._volume * value)) for value in self._light.values())
        channels = bytes([*(round(255 * share) for share in shares), 0])  # their number is even
        try:
            self._socket.sendto(packet(self._sent % 255 + 1, channels), self._place)
            self._sent, self._failed = self._sent + 1, 0
        except OSError:
            self._failed += 1
