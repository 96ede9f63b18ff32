"""The instruments, live on an audio device."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from synth.breath import gain
from synth.errors import OutputLost, OutputUnavailable
from synth.instruments import pyo_library
from synth.instruments.orchestra import LATENCY_SAMPLES, SWELL_AHEAD_S, Orchestra
from synth.instruments.sequencer import Sequencer
from synth.output import NoteOff, NoteOn
from synth.outputs.midi_system import jack_is_running
from synth.outputs.system_libraries import quiet_stderr
from synth.outputs.uri import choose
from synth.params import Layer, MusicParams

__all__ = ["PyoOutput", "list_devices"]

_BLOCK = 256
_RATE_HZ = 48_000
_STALL_S = 0.05
_CLOCK_SMOOTHING = 0.02
_FADE_OUT_S = 0.12
_LOST_S = 1.0


def list_devices() -> list[str]:
    """Return the names of the audio devices that can play; loads pyo, so not where one measures.

    Returns
    -------
    list[str]
        As PortAudio names them, and "jack" where its server runs.
    """
    pyo = pyo_library.load()
    with quiet_stderr():
        names, _ = pyo.pa_get_output_devices()
    devices = [str(name) for name in names]
    return [*devices, "jack"] if jack_is_running() and "jack" not in devices else devices


class PyoOutput:
    """Hands events, a little ahead of their time, to the audio thread, which places each sample.

    The audio thread's own count of samples is the clock: it follows the monotonic clock slowly, so
    that the jitter of callbacks never reaches a note.

    Parameters
    ----------
    device
        In whole or in part; empty for JACK when it runs, else the default.
    """

    lookahead_s = SWELL_AHEAD_S

    def __init__(self, device: str = "") -> None:
        self._device = device
        self._server: Any = None
        self._t0_s = 0.0
        self._volume = 1.0
        self._swell = 0.0
        self._pyo: Any = None
        self._orchestra: Orchestra | None = None
        self._sequencer: Sequencer | None = None
        self._inbox: deque[tuple[float, NoteOn | NoteOff | MusicParams]] = deque(maxlen=4096)
        self._silence = threading.Event()
        self._block_s: float | None = None  # session time of the coming block
        self._called_s = 0.0  # on the monotonic clock, when the audio thread last came
        self._stalls = 0
        self._errors = 0

    def open(self, t0_s: float) -> None:
        """Start the audio server: JACK when it runs, else the default device.

        The instruments are built when the first parameters tell which, or with the first note.

        Parameters
        ----------
        t0_s
            The monotonic clock at session time 0, in s.

        Raises
        ------
        OutputUnavailable
            When pyo is missing or the device does not open.
        """
        self._t0_s = t0_s
        self._pyo = pyo = pyo_library.load()
        with quiet_stderr():
            server = self._boot(pyo)
            self._rate_hz = float(server.getSamplingRate())
            self._block = int(server.getBufferSize())
            server.setCallback(self._callback)
            server.start()
        self._called_s = time.monotonic()
        self._server = server
        sys.setswitchinterval(0.0005)  # the audio thread must not wait long for the interpreter

    def _boot(self, pyo: Any) -> Any:
        names, numbers = pyo.pa_get_output_devices()
        known = [str(name) for name in names]
        jack = jack_is_running()
        device = self._device
        if device and device.casefold() != "jack":
            offered = [*known, "jack"] if jack else known
            device = choose(
                device, offered, what="audio device", hint="Connect it, or leave the name out."
            )
        jack = device.casefold() == "jack" or (not device and jack)
        if not jack and not known:
            raise OutputUnavailable(
                "no audio device was found",
                hint="Connect one, start JACK, or write a file: wav:PATH",
            )
        server = pyo.Server(
            sr=_RATE_HZ,
            nchnls=2,
            buffersize=_BLOCK,
            duplex=0,
            audio="jack" if jack else "portaudio",
            jackname="biofeedback",
        )
        server.verbosity = 0
        server.deactivateMidi()
        if device and not jack:
            server.setOutputDevice(numbers[known.index(device)])
        server.boot()
        if not server.getIsBooted():
            raise OutputUnavailable(
                f"the audio device {self._device or 'default'!r} does not open",
                hint="Close other programs that use it, or choose another: biofeedback ports",
            )
        return server

    def send(self, event: NoteOn | NoteOff, due_s: float) -> None:
        """Queue an event for the audio thread.

        Parameters
        ----------
        event
            A note's beginning or end.
        due_s
            When it is to happen, in session time.
        """
        self._build("")
        self._inbox.append((due_s, event))

    def set_params(self, params: MusicParams) -> None:
        """Glide to the colour asked for; the first call chooses the instruments for good.

        Parameters
        ----------
        params
            The colour asked for.
        """
        self._build(params.sound)
        self._swell = params.swell
        self._inbox.append((0.0, params))

    def set_volume(self, gain: float) -> None:
        """Set the gain after the limiter.

        Parameters
        ----------
        gain
            0 silent to 1 full.
        """
        self._volume = gain
        if self._orchestra is not None:
            self._orchestra.set_volume(gain)

    def set_signals(self, values: Mapping[str, float]) -> None:
        """Let all swell with the breath: it comes as early as notes, and glides as long.

        Parameters
        ----------
        values
            By name; the pacer counts.
        """
        if "pacer" in values and self._orchestra is not None:
            self._orchestra.set_swell(gain(values["pacer"], self._swell))

    def panic(self) -> None:
        """Release every voice at the next block."""
        self._inbox.clear()
        self._silence.set()

    def check(self) -> None:
        """Raise `OutputLost` when the audio thread has asked for no block for a second.

        Raises
        ------
        OutputLost
            When the audio thread has asked for no block for a second.
        """
        if self._server is not None and time.monotonic() - self._called_s > _LOST_S:
            device = self._device or "default"
            raise OutputLost(f"the audio device {device!r} has stopped; it plays on when it can")

    def close(self) -> None:
        """Fade within a tenth of a second, then stop the audio thread."""
        if self._server is None:
            return
        server, self._server = self._server, None
        if self._orchestra is not None:
            self._orchestra.set_volume(0.0)
        threading.Event().wait(_FADE_OUT_S)
        with quiet_stderr():
            server.stop()
            server.shutdown()

    def health(self) -> dict[str, float]:
        """Return `stalls`, blocks that came more than 50 ms late, and `errors` in the callback.

        Returns
        -------
        dict[str, float]
            By name.
        """
        return {"stalls": self._stalls, "errors": self._errors}

    def _build(self, sound: str) -> None:
        """Build the graph unless it stands; pyo wants all objects made once."""
        if self._sequencer is not None or self._server is None:
            return
        with quiet_stderr():
            orchestra = Orchestra(self._pyo, self._rate_hz, Layer, sound)
            orchestra.set_volume(self._volume)
            orchestra.stereo.out()
        self._orchestra = orchestra
        self._sequencer = Sequencer(orchestra)  # from now on the audio thread uses it

    def _callback(self) -> None:
        """Prepare one block; runs in the audio thread, where an exception would end the sound."""
        try:
            self._called_s = time.monotonic()
            self._prepare(self._called_s - self._t0_s)
        except Exception:
            self._errors += 1

    def _prepare(self, now_s: float) -> None:
        length_s = self._block / self._rate_hz
        if self._block_s is None:
            pyo_library.flush()
            self._block_s = now_s
        else:
            expected_s = self._block_s + length_s
            error_s = now_s - expected_s
            if abs(error_s) > _STALL_S:
                self._stalls += 1
                self._block_s = now_s
            else:
                self._block_s = expected_s + _CLOCK_SMOOTHING * error_s
        sequencer = self._sequencer
        if sequencer is None or self._orchestra is None:
            return
        if self._silence.is_set():
            self._silence.clear()
            sequencer.clear()
            self._orchestra.panic()
        while self._inbox:
            due_s, event = self._inbox.popleft()
            ahead = round((due_s - self._block_s) * self._rate_hz) - LATENCY_SAMPLES
            sequencer.add(sequencer.now + max(0, ahead), event)
        sequencer.block(self._block)
