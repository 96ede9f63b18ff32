"""FluidSynth, which plays a user's soundfont: the system's library, by its C interface.

Bindings on the package index either have no wheels for newer Pythons or need the same library, so
it is called directly (fluidsynth.org/api, version 2; LGPL, installed by the user or the system).
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synth.errors import OutputUnavailable

__all__ = ["FluidSynth", "check_library"]

_NAMES = (
    *("libfluidsynth.so.3", "libfluidsynth.so.2", "libfluidsynth.dylib", "libfluidsynth.3.dylib"),
    *("libfluidsynth-3.dll", "libfluidsynth-2.dll", "fluidsynth.dll"),
    *("/opt/homebrew/lib/libfluidsynth.dylib", "/usr/local/lib/libfluidsynth.dylib"),
)
_INSTALL = (
    "Install FluidSynth: apt install libfluidsynth3, brew install fluid-synth, or fluidsynth.org."
)
_LOG_LEVELS = 5
_GAIN = 0.6  # a full chord of a loud piano stays below full scale
_FAILED = -1


class FluidSynth:
    """A synthesiser with one soundfont; it takes MIDI messages, and sounds live or in blocks.

    Parameters
    ----------
    path
        A .sf2 or .sf3 file.
    rate_hz
        Samples a second.

    Raises
    ------
    OutputUnavailable
        When the soundfont or the library is missing, or it cannot be read.
    """

    def __init__(self, path: str, *, rate_hz: int = 48_000) -> None:
        if not Path(path).is_file():
            raise OutputUnavailable(
                f"there is no soundfont {path}",
                hint="Give the path of a .sf2 or .sf3 file, such as one from your package manager.",
            )
        self._library = library = _load()
        self._settings = library.new_fluid_settings()
        self._driver: int | None = None
        self._synth: int | None = None
        self._set("synth.gain", _GAIN)
        self._set("synth.sample-rate", float(rate_hz))
        self._synth = library.new_fluid_synth(self._settings)
        if library.fluid_synth_sfload(self._synth, os.fsencode(path), 1) == _FAILED:
            self.close()
            raise OutputUnavailable(
                f"{path} is no soundfont that can be read", hint="Give a .sf2 or .sf3 file."
            )

    def start(self, driver: str, device: str) -> None:
        """Sound live on an audio device; empty names are the system's choice.

        Parameters
        ----------
        driver
            FluidSynth's name of a sound system, such as "jack".
        device
            Its name of a device; JACK ignores it.

        Raises
        ------
        OutputUnavailable
            When the device does not open.
        """
        if driver:
            self._set("audio.driver", driver)
        if driver == "jack":
            self._set("audio.jack.id", "biofeedback")
            self._set("audio.jack.autoconnect", 1)
        elif device:
            chosen = driver or self._default_driver()
            self._set(f"audio.{chosen}.device", device)
        self._driver = self._library.new_fluid_audio_driver(self._settings, self._synth)
        if self._driver is None:
            raise OutputUnavailable(
                f"the audio device {device or 'default'!r} does not open",
                hint="Connect one, start JACK, or write a file: wav:PATH",
            )

    def send(self, message: Sequence[int]) -> None:
        """Do what a MIDI message says; clocks and the like mean nothing here.

        Parameters
        ----------
        message
            A status byte and its data.
        """
        kind, channel = message[0] & 0xF0, message[0] & 0x0F
        call = self._library
        if kind == 0x90:
            call.fluid_synth_noteon(self._synth, channel, message[1], message[2])
        elif kind == 0x80:
            call.fluid_synth_noteoff(self._synth, channel, message[1])
        elif kind == 0xB0:
            call.fluid_synth_cc(self._synth, channel, message[1], message[2])
        elif kind == 0xC0:
            call.fluid_synth_program_change(self._synth, channel, message[1])

    def render(self, count: int) -> NDArray[np.float32]:
        """Return the next samples, of shape (count, 2).

        Parameters
        ----------
        count
            How many, from 0.

        Returns
        -------
        NDArray[np.float32]
            Left and right, 32-bit, full scale at 1.
        """
        samples = np.zeros((count, 2), np.float32)
        if count:
            place = samples.ctypes.data
            self._library.fluid_synth_write_float(self._synth, count, place, 0, 2, place, 1, 2)
        return samples

    def close(self) -> None:
        """Fall silent and let go of everything; harmless twice."""
        library = self._library
        if self._driver is not None:
            library.delete_fluid_audio_driver(self._driver)
            self._driver = None
        if self._synth is not None:
            library.delete_fluid_synth(self._synth)
            self._synth = None
        if self._settings is not None:
            library.delete_fluid_settings(self._settings)
            self._settings = None

    def _set(self, name: str, value: float | str) -> None:
        key, library = name.encode(), self._library
        if isinstance(value, str):
            library.fluid_settings_setstr(self._settings, key, value.encode())
        elif isinstance(value, float):
            library.fluid_settings_setnum(self._settings, key, value)
        else:
            library.fluid_settings_setint(self._settings, key, value)

    def _default_driver(self) -> str:
        name = ctypes.create_string_buffer(64)
        self._library.fluid_settings_copystr(self._settings, b"audio.driver", name, len(name))
        return name.value.decode()


def check_library() -> None:
    """Raise `OutputUnavailable`, with what installs it, where the library is missing.

    Raises
    ------
    OutputUnavailable
        Where it is missing.
    """
    _load()


def _load() -> Any:
    """Return the library with the types of what is called, silent; raise `OutputUnavailable`."""
    for name in (*_NAMES, ctypes.util.find_library("fluidsynth")):
        try:
            library = ctypes.CDLL(name) if name else None
        except OSError:
            continue
        if library is not None:
            return _typed(library)
    raise OutputUnavailable("a soundfont needs FluidSynth, which is not here", hint=_INSTALL)


def _typed(library: ctypes.CDLL) -> ctypes.CDLL:
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, result, arguments in (
        ("new_fluid_settings", pointer, ()),
        ("delete_fluid_settings", None, (pointer,)),
        ("fluid_settings_setnum", number, (pointer, text, ctypes.c_double)),
        ("fluid_settings_setint", number, (pointer, text, number)),
        ("fluid_settings_setstr", number, (pointer, text, text)),
        ("fluid_settings_copystr", number, (pointer, text, text, number)),
        ("new_fluid_synth", pointer, (pointer,)),
        ("delete_fluid_synth", None, (pointer,)),
        ("fluid_synth_sfload", number, (pointer, text, number)),
        ("fluid_synth_noteon", number, (pointer, number, number, number)),
        ("fluid_synth_noteoff", number, (pointer, number, number)),
        ("fluid_synth_cc", number, (pointer, number, number, number)),
        ("fluid_synth_program_change", number, (pointer, number, number)),
        (
            "fluid_synth_write_float",
            number,
            (pointer, number, pointer, number, number, pointer, number, number),
        ),
        ("new_fluid_audio_driver", pointer, (pointer, pointer)),
        ("delete_fluid_audio_driver", None, (pointer,)),
        ("fluid_set_log_function", pointer, (number, pointer, pointer)),
    ):
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    for level in range(_LOG_LEVELS):
        library.fluid_set_log_function(level, None, None)
    return library
