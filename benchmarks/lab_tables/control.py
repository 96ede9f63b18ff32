"""Whether the music brings listeners to the set point and keeps them there; full tier.

Seeds from 20000 on, which nothing was tuned with.
"""

from biofeedback.lab.base import LabCase, StrategyName
from biofeedback.lab.measures import CourseVerdict
from biofeedback.lab.table import row, text
from biofeedback.simulation.crowd import FAMILIES, FamilyName
from biofeedback.simulation.model.listener_types import KindName
from lab_tables.sighted import sighted
from lab_tables.store import Group, Store
from lab_tables.tables import Lines, share

__all__ = ["cases", "table"]

_FIRST_SEED, _MINUTES = 20000, 10.0
_OTHERS: tuple[StrategyName, ...] = ("fixed", "mirror", "random")


def cases(
    family: FamilyName, kind: KindName, strategy: StrategyName, listeners: int
) -> list[LabCase]:
    """Return a group's sessions."""
    return [
        LabCase(family=family, kind=kind, strategy=strategy, seed=_FIRST_SEED + k, minutes=_MINUTES)
        for k in range(listeners)
    ]


def table(store: Store, listeners: int) -> list[str]:
    """Return the part's lines."""

    def group(family: FamilyName, kind: KindName, strategy: StrategyName = "lead") -> Group:
        name = f"{kind} {family} {strategy}"
        return store.group(name, cases(family, kind, strategy, listeners))

    out = Lines(f"control: {listeners} listeners a group, {_MINUTES:g} minutes; full tier")
    rows = []
    for family in FAMILIES:
        lead = group(family, "responder")
        _responders(out, family, lead)
        bound = sighted(cases(family, "responder", "lead", listeners))
        reached = share(sum(v.success for v in bound), len(bound))
        out.row(f"responder {family}: if the controller saw arousal itself", reached)
        rows.append(row(f"responder {family} lead", lead.verdicts))
        for other in _OTHERS:
            rows.append(
                row(f"responder {family} {other}", group(family, "responder", other).verdicts)
            )
    for family in FAMILIES:
        for kind in ("dropout", "motion"):
            verdicts = group(family, kind).verdicts
            upward = sum(v.upward for v in verdicts)
            out.row(f"{kind} {family}: moves up while unsure", str(upward), "0", upward == 0)
            rows.append(row(f"{kind} {family} lead", verdicts))
        for kind in ("paradoxical", "null", "weak", "restless"):
            verdicts = group(family, kind).verdicts
            if kind == "paradoxical":
                _paradoxical(out, family, verdicts)
            if kind == "null":
                _called(out, f"null {family}", verdicts)
            rows.append(row(f"{kind} {family} lead", verdicts))
    return [*out.lines, *text(rows).splitlines()]


def _responders(out: Lines, family: str, group: Group) -> None:
    verdicts = group.verdicts
    n = len(verdicts)
    brought = sum(v.success for v in verdicts)
    deep = sorted(v.overshoot for v in verdicts)[int(0.95 * (n - 1))]
    within = sum(v.overshoot <= 0.1 for v in verdicts)
    cycles = sum(v.cycles for v in verdicts)
    name = f"responder {family}"
    out.row(
        f"{name}: brought to the set point and kept",
        share(brought, n),
        ">= 95 %",
        brought >= 0.95 * n,
    )
    calm = [v for v in verdicts if not v.struck]
    kept = sum(v.success for v in calm)
    out.row(f"{name}: of those whom nothing struck from outside", share(kept, len(calm)))
    out.row(
        f"{name}: overshoot, 95th percentile", f"{deep:.3f}", "<= 0.1 of the range", deep <= 0.1
    )
    out.row(f"{name}: overshoot within a tenth", share(within, n))
    out.row(f"{name}: limit cycles", share(cycles, n), "0", cycles == 0)
    _called(out, name, verdicts)
    speed = group.took_s * 200.0 / n
    out.row(f"{name}: 200 listeners x 10 minutes", f"{speed:.0f} s", "<= 120 s", speed <= 120.0)


def _called(out: Lines, name: str, verdicts: list[CourseVerdict]) -> None:
    called = sum(v.paradox_s is not None for v in verdicts)
    n = len(verdicts)
    out.row(f"{name}: taken for paradoxical", share(called, n), "<= 5 %", called <= 0.05 * n)


def _paradoxical(out: Lines, family: str, verdicts: list[CourseVerdict]) -> None:
    soon = sum(v.paradox_s is not None and v.paradox_s <= 180.0 for v in verdicts)
    n = len(verdicts)
    out.row(
        f"paradoxical {family}: recognised within 3 minutes",
        share(soon, n),
        ">= 95 %",
        soon >= 0.95 * n,
    )
