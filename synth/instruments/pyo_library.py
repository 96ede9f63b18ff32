"""The pyo library, imported without its banner and without its window toolkit."""

from __future__ import annotations

import os
from types import ModuleType

from synth.errors import OutputUnavailable

__all__ = ["load"]


def load() -> ModuleType:
    """Import pyo; raise `OutputUnavailable` where it is not installed or cannot load.

    Only a process that makes sound may call this: pyo installs an audio thread and holds the
    interpreter while it computes.
    """
    os.environ["PYO_GUI_WX"] = "0"  # without it the import prints about a missing toolkit
    try:
        import pyo
    except (ImportError, OSError) as error:
        raise OutputUnavailable(
            f"the audio engine pyo cannot be loaded: {error}",
            hint="pip install pyo (Linux x86_64, macOS arm64, Windows), or play through MIDI.",
        ) from error
    module: ModuleType = pyo
    return module
