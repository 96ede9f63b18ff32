"""Why a sound library ends the program that asks it, as far as one can tell from outside."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["after_a_crash"]

_ALSA = Path("/usr/share/alsa/alsa.conf")


def after_a_crash() -> str:
    """Return what may help: PortAudio aborts where ALSA finds no configuration."""
    path = Path(os.environ.get("ALSA_CONFIG_PATH", _ALSA))
    if sys.platform == "linux" and not path.is_file():
        return (
            f"ALSA has no configuration at {path}: install it (Debian: libasound2-data), or play "
            "without sound hardware, as to wav:PATH."
        )
    return "Reinstall it, or play through another kind of output, as to wav:PATH."
