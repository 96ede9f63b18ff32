"""What `profile show` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from biofeedback.app.recommend import KnownPerson
from biofeedback.cli import console
from biofeedback.config.styles import style_titles
from biofeedback.control.direction import DirectionEvidence
from biofeedback.personal.claims import FEWEST
from biofeedback.personal.insights import NAMES, Insight, named, told
from biofeedback.personal.profiles import Profile
from biofeedback.personal.session_summary import SessionSummary

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["print_profile"]

_BLOCKS = "▁▂▃▄▅▆▇█"


def print_profile(
    profile: Profile, found: KnownPerson, compared: list[Insight], *, simulated: bool
) -> None:
    """Print a profile, its sessions and what can be said about them."""
    from rich.table import Table

    facts = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for key, text in _facts(profile):
        facts.add_row(key, console.escape(text))
    console.out.print(facts, soft_wrap=False)
    history = found.history
    if simulated:
        console.out.print("Simulated sessions: they show that the learner works, no benefit.")
    if history:
        console.out.print(f"\nFall of arousal, session by session: {_picture(history)}")
        console.out.print(_sessions(history[-10:]), soft_wrap=False)
    said = [insight for insight in compared if insight.claimed]
    console.out.print("\nWhat worked for you", style="bold")
    for insight in said:
        text = told(insight)
        console.out.print(f"  {text[0].upper()}{text[1:]}", markup=False, highlight=False)
    if not said:
        why = (
            f"not enough sessions yet to tell: {len(history)} of at least {FEWEST}"
            if len(history) < FEWEST
            else f"no kind of session stands out from noise in {len(history)} sessions"
        )
        console.out.print(f"  {why[0].upper()}{why[1:]}.", highlight=False)
    if compared:
        console.out.print(_compared(compared), soft_wrap=False)
    for reason in found.left_out:
        console.out.print(f"Left out: {reason}", style="dim", markup=False, highlight=False)


def _direction(profile: Profile) -> str:
    known = profile.direction
    if known is None:
        return "not tested yet"
    evidence = DirectionEvidence(known.pairs, known.total, known.squares)
    said = {"unsure": "can't tell", "follows": "yes", "opposes": "no, it stirs up"}
    return f"{said[evidence.verdict]}, after {known.pairs} pairs of steps"


def _facts(profile: Profile) -> list[tuple[str, str]]:
    wanted = profile.preferences
    rate = profile.resonance_per_minute
    facts = [
        ("Name", profile.name),
        ("Resting values", f"from {profile.baseline_utc}" if profile.baseline else "none yet"),
        ("Own slow breath", f"{rate:.1f} a minute" if rate else "not looked for yet"),
        ("Slower is calmer", _direction(profile)),
        ("Styles", ", ".join(wanted.styles(tuple(style_titles())))),
        ("Modes", ", ".join(wanted.modes)),
        ("Density", ", ".join(wanted.densities)),
        ("Strategies", ", ".join(wanted.strategies)),
        ("Instruments left out", ", ".join(wanted.without)),
        ("Keys", ", ".join(wanted.keys)),
        ("Goals", ", ".join(wanted.goals)),
        ("Loudest", f"{100 * wanted.loudest:.0f} %"),
        ("Exploration", f"{wanted.exploration:g} of 1"),
        ("Counts from", profile.learned_from_utc),
    ]
    return [(key, text) for key, text in facts if text]


def _picture(history: list[SessionSummary]) -> str:
    falls = [past.fall for past in history[-40:]]
    low, high = min(*falls, 0.0), max(*falls, 0.0)
    span = (high - low) or 1.0
    return "".join(_BLOCKS[round((fall - low) / span * (len(_BLOCKS) - 1))] for fall in falls)


def _sessions(history: list[SessionSummary]) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("Session", "Style", "Modes", "Strategy", "Start", "Fall", "Breath", "Rated"):
        table.add_column(heading, no_wrap=True)
    for past in history:
        option = past.option
        breath = "–" if past.breath_fall is None else f"{-past.breath_fall:+.1f}"
        rated = "–" if past.rated is None else f"{past.rated:+.1f}"
        table.add_row(
            past.session, option.style, option.modes, option.strategy, f"{past.start:.2f}",
            f"{past.fall:+.2f}", breath, rated,
        )  # fmt: skip
    return table


def _compared(compared: list[Insight]) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("Compared", "Level", "Against", "n", "Arousal falls more by", "It is"):
        table.add_column(heading, overflow="fold")
    for insight in compared:
        claim, more = insight.claim, insight.arousal
        table.add_row(
            NAMES[claim.factor], named(claim.factor, claim.level),
            named(claim.factor, insight.other),
            f"{claim.sessions} / {more.others}",
            f"{more.more:+.2f} ({more.low:+.2f} to {more.high:+.2f})",
            "more than noise" if insight.claimed else "can't tell",
        )  # fmt: skip
    return table
