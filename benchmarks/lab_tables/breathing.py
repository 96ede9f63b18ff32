"""How many breathe with the music, against six a minute for everybody; full tier.

Seeds from 30000 on, which nothing was tuned with.
"""

from statistics import fmean, median

from biofeedback.lab.base import LabCase, StrategyName
from biofeedback.simulation.crowd import FAMILIES, FamilyName
from lab_tables.store import Group, Store
from lab_tables.tables import Lines, share

__all__ = ["table"]

_FIRST_SEED = 30000
_CAPTURED = 0.7
#: The own rate is measured, to within so much of itself.
_TOLERANCE = 0.05


def table(store: Store, listeners: int) -> list[str]:
    """Return the part's lines."""

    def group(family: FamilyName, strategy: StrategyName, minutes: float) -> Group:
        sessions = [
            LabCase(
                family=family, kind="responder", strategy=strategy, seed=_FIRST_SEED + k,
                minutes=minutes,
            )
            for k in range(listeners)
        ]  # fmt: skip
        return store.group(f"breathing {family} {strategy} {minutes:g}", sessions)

    out = Lines(f"breathing: {listeners} responders a group; full tier")
    for family in FAMILIES:
        captured = {}
        for strategy, minutes in (("breathe", 15.0), ("six", 15.0)):
            verdicts = group(family, strategy, minutes).verdicts
            captured[strategy] = sum(v.captured > _CAPTURED for v in verdicts)
            name = f"{family} {strategy}: breathe with the music at the end"
            out.row(name, share(captured[strategy], listeners))
            fastest = max(v.fastest_pace for v in verdicts)
            bound = f"{family} {strategy}: fastest pace, of the own rate"
            out.row(bound, f"{fastest:.3f}", "<= 1, measured rate", fastest <= 1.0 + _TOLERANCE)
            out.row(
                f"{family} {strategy}: fall of arousal", f"{fmean(v.fall for v in verdicts):+.3f}"
            )
        more = captured["breathe"] > captured["six"]
        out.row(f"{family}: own pace captures more than six", str(more), "yes", more)
        search = group(family, "resonance", 16.0).verdicts
        found = [abs(v.last_pace - v.resonance) for v in search]
        six = [abs(6.0 - v.resonance) for v in search]
        out.row(
            f"{family}: error of the rate that was found, median",
            f"{median(found):.2f} a minute, six {median(six):.2f}",
            "less than six's",
            median(found) < median(six),
        )
    return out.lines
