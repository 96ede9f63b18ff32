"""The one way to the plotting library, and from its SVG into a page."""

from __future__ import annotations

import logging
import re

from synth.outputs.system_libraries import quiet_stderr

__all__ = ["inline", "load"]


def load() -> None:
    """Import matplotlib, quietly: where it may write no cache it works, only more slowly.

    It logs that, and the program that it asks for fonts complains for itself.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with quiet_stderr():
        import matplotlib.font_manager as fonts
    del fonts


_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, 'DejaVu Sans'"


def inline(svg: str) -> str:
    """Strip what a page does not need: prologue, metadata, fixed size, names of groups."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r' id="[A-Za-z0-9.]+_[0-9]+"', "", svg)
    svg = re.sub(r" *\n *", "\n", svg)
    svg = svg.replace("'DejaVu Sans'", _FONTS)
    return svg.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1)
