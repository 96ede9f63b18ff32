"""A picture of how virtual listeners' arousal went."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from biofeedback.common.errors import FolderError
from biofeedback.lab.base import NOTICE, SessionCourse
from biofeedback.lab.measures import BAND
from biofeedback.report import plotting

__all__ = ["draw"]

_MOST_LINES = 40


def draw(courses: Sequence[SessionCourse], path: Path) -> None:
    """Write a PNG, SVG or PDF, as the path says; courses must be of equal length.

    Above: each listener's own arousal (thin), their median, and the band around the set point.
    Below: the activation of the music and what the program took the arousal to be, medians.
    """
    plotting.load()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 6.0), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    minutes = np.arange(1, len(courses[0].arousal) + 1) / 60.0
    for course in courses[:_MOST_LINES]:
        above.plot(minutes, course.arousal, color="#5b7fa6", alpha=0.25, linewidth=0.7)
    own = np.median([course.arousal for course in courses], axis=0)
    above.plot(minutes, own, color="#123", linewidth=2.0, label="arousal, median")
    first = courses[0].case
    target = first.config.control.lead.target
    if first.strategy == "lead":
        above.axhspan(target - BAND, target + BAND, color="#7a4", alpha=0.15, label="band")
    seen = np.median([course.estimate for course in courses], axis=0)
    level = np.median([course.level for course in courses], axis=0)
    below.plot(minutes, seen, color="#a33", label="estimate, median")
    below.plot(minutes, level, color="#285", label="activation of the music, median")
    for axes in (above, below):
        axes.set_ylim(0.0, 1.0)
        axes.legend(loc="upper right", frameon=False, fontsize=8)
    below.set_xlabel("minutes")
    what = f"{len(courses)} virtual listeners, {first.strategy}"
    above.set_title(f"{what}: {NOTICE}", fontsize=10)
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise FolderError(
            f"the picture {path} cannot be written: {error}", hint="Use .png, .svg or .pdf."
        ) from error
