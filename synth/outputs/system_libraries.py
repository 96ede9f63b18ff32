"""Libraries of the system's that print, or end the program that asks them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["after_a_crash", "quiet_stderr"]


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send file descriptor 2 nowhere while the block runs: ALSA and JACK complain when absent."""
    if sys.stderr is None or sys.__stderr__ is None:  # a windowed program on Windows has none
        yield
        return
    sys.stderr.flush()
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


_ALSA = Path("/usr/share/alsa/alsa.conf")


def after_a_crash() -> str:
    """Return what may help: PortAudio aborts where ALSA finds no configuration.

    Returns
    -------
    str
        One or two sentences for the user.
    """
    path = Path(os.environ.get("ALSA_CONFIG_PATH", _ALSA))
    if sys.platform == "linux" and not path.is_file():
        return (
            f"ALSA has no configuration at {path}: install it (Debian: libasound2-data), or play "
            "without sound hardware, as to wav:PATH."
        )
    return "Reinstall it, or play through another kind of output, as to wav:PATH."
