"""The one way to the plotting library: without what it and its helpers say about folders."""

from __future__ import annotations

import logging

from synth.outputs.quiet import quiet_stderr

__all__ = ["load"]


def load() -> None:
    """Import matplotlib, quietly: where it may write no cache it works, only more slowly.

    It logs that, and the program that it asks for fonts complains for itself.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with quiet_stderr():
        import matplotlib.font_manager as fonts
    del fonts
