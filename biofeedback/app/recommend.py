"""A session made for a person: what they want and what the learner chose, put into the plan.

What the learner knows is rebuilt from the logs of the person's sessions: a session that was
deleted has no influence any more. What was read of a log is kept beside the profile, so that it
is read once.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import structs

from biofeedback.app.plan import SessionPlan
from biofeedback.common.errors import BiofeedbackError, BusyError, ConfigError
from biofeedback.common.plugins import did_you_mean
from biofeedback.config.schema import Config
from biofeedback.config.styles import style_names, style_titles
from biofeedback.personal import profiles
from biofeedback.personal.insights import explained, insights, shown
from biofeedback.personal.learner import choose
from biofeedback.personal.options import MusicOption, Preferences
from biofeedback.personal.session_summary import SessionSummary, hour_of
from biofeedback.record.catalogue import CatalogueEntry, entries_of
from biofeedback.report.outcome import outcome
from biofeedback.report.session_data import read_story
from biofeedback.storage import encryption
from synth.params import Layer

__all__ = ["KnownPerson", "applied", "forget_learned", "known", "preferences", "tailored", "within"]

_DENSITY = {"sparse": 0.7, "usual": 1.0, "full": 1.3}
#: Raised when the same log would give another outcome.
_READING = 2


class _Row(msgspec.Struct, frozen=True):
    size: int
    past: SessionSummary | None
    why_not: str = ""


class _Kept(msgspec.Struct, frozen=True):
    reading: int = _READING
    rows: dict[str, _Row] = {}


class KnownPerson(msgspec.Struct, frozen=True):
    """What is known of a person: their sessions in order, and why others do not count."""

    history: list[SessionSummary]
    left_out: list[str]


def known(name: str, out: Path, *, simulated: bool = False) -> KnownPerson:
    """Read a person's sessions in a folder; simulated ones and real ones never mix."""
    profile = profiles.load(name)
    entries, _ = entries_of(out, name)
    path = profiles.beside(name, "learned.json")
    before = _load(path)
    rows: dict[str, _Row] = {}
    history, left_out = [], []
    for entry in entries:
        key = str(entry.folder.resolve())
        row = before.get(key)
        if row is None or row.size != _size(entry):
            row = _read(entry)
        rows[key] = row
        if row.past is None:
            left_out.append(f"{entry.folder.name}: {row.why_not}")
        elif row.past.simulated != simulated:
            left_out.append(f"{entry.folder.name}: {'real' if simulated else 'simulated'}")
        elif row.past.started_utc < profile.learned_from_utc:
            left_out.append(f"{entry.folder.name}: from before what was learned was forgotten")
        else:
            history.append(row.past)
    if rows != {key: row for key, row in before.items() if Path(key).parent == out.resolve()}:
        _keep(path, out, rows)
    return KnownPerson(history, left_out)


def tailored(plan: SessionPlan, now: datetime, *, simulated: bool) -> SessionPlan:
    """Return the plan of a person with what the learner chooses for them at this hour."""
    assert plan.profile is not None
    wanted = profiles.load(plan.profile).preferences
    history = known(plan.profile, plan.out, simulated=simulated).history
    seed = sum(plan.profile.encode()) + plan.seed
    hour, styles = hour_of(now.astimezone().hour), tuple(style_titles())
    choice = choose(history, wanted, hour, seed, styles=styles)
    choice = structs.replace(
        choice,
        why=explained(choice, history, wanted.goals),
        compared=shown(insights(history, wanted.goals)),
    )
    return replace(plan, config=applied(plan.config, choice.option), chosen=choice)


def within(plan: SessionPlan) -> SessionPlan:
    """Return the plan within what its person wants: volume, instruments, key."""
    if plan.profile is None:
        return plan
    wanted = profiles.load(plan.profile).preferences
    palette = plan.config.music.palette
    layers = tuple(layer for layer in palette.layers if layer.value not in wanted.without)
    palette = structs.replace(palette, layers=layers or (Layer.PAD,))
    if wanted.keys and palette.home not in wanted.keys:
        palette = structs.replace(palette, home=wanted.keys[0])
    music = structs.replace(plan.config.music, palette=palette)
    config = structs.replace(plan.config, music=music)
    return replace(plan, config=config, volume=min(plan.volume, wanted.loudest))


def applied(config: Config, option: MusicOption) -> Config:
    """Return a config without phases that plays an option; limits and stop rules stay."""
    palette, factor = config.music.palette, _DENSITY[option.density]
    palette = structs.replace(
        palette,
        modes=option.modes,
        density_calm=max(0.25, factor * palette.density_calm),
        density_driven=min(4.0, factor * palette.density_driven),
    )
    control = structs.replace(config.control, strategy=option.strategy)
    if option.pacing:
        breathe = structs.replace(control.breathe, share_of_own=float(option.pacing))
        control = structs.replace(control, breathe=breathe)
    music = structs.replace(config.music, style=option.style, palette=palette)
    return structs.replace(config, control=control, music=music)


def forget_learned(name: str, now: datetime) -> None:
    """Let all sessions until now count no longer; preferences and resting values stay."""
    stamp = now.isoformat(timespec="milliseconds")
    profiles.update(
        name, lambda stored: structs.replace(stored, learned_from_utc=stamp, direction=None)
    )
    encryption.delete(profiles.beside(name, "learned.json"))


def preferences(name: str, changes: dict[str, object]) -> Preferences:
    """Change some of what a person wants, and keep it; return all of it."""
    _check_styles(changes)

    def changed(stored: profiles.Profile) -> profiles.Profile:
        told = {**msgspec.to_builtins(stored.preferences), **changes}
        return structs.replace(stored, preferences=_wanted(told))

    return profiles.update(name, changed).preferences


def _wanted(told: dict[str, object]) -> Preferences:
    try:
        return msgspec.convert(told, Preferences, strict=False)
    except msgspec.ValidationError as error:
        reason, _, key = str(error).partition(" - at ")
        key = key.strip("`").removeprefix("$.")
        raise ConfigError(
            f"{key + ': ' if key else ''}{reason}",
            hint="docs/personal.md lists what can be set, and to what.",
        ) from error


def _check_styles(changes: dict[str, object]) -> None:
    """Refuse a style that there is not; one that is kept already may have gone since."""
    there = style_names()
    for key in ("liked", "avoided"):
        told = changes.get(key)
        for name in told if isinstance(told, list) else []:
            if name not in there:
                raise ConfigError(
                    f"{key}: there is no style {name!r}",
                    hint=f"{did_you_mean(str(name), there)}There are {', '.join(there)}.",
                )


def _read(entry: CatalogueEntry) -> _Row:
    size = _size(entry)
    try:
        found = outcome(read_story(entry.folder, lambda share: None))
    except BiofeedbackError as error:
        return _Row(size, None, str(error))
    return _Row(size, None, found) if isinstance(found, str) else _Row(size, found)


def _size(entry: CatalogueEntry) -> int:
    return sum(path.stat().st_size for path in entry.folder.glob("session*.jsonl*"))


def _load(path: Path) -> dict[str, _Row]:
    try:
        kept = msgspec.json.decode(encryption.read(path), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return {}  # it is read anew from the logs
    return kept.rows if kept.reading == _READING else {}


def _keep(path: Path, out: Path, rows: dict[str, _Row]) -> None:
    """Keep what was read of the sessions in a folder, beside what is known of other folders."""
    with suppress(OSError, BusyError), profiles.alone():  # the logs are still there
        path.parent.mkdir(parents=True, exist_ok=True)
        known = _load(path).items()
        elsewhere = {key: row for key, row in known if Path(key).parent != out.resolve()}
        encryption.write(path, msgspec.json.encode(_Kept(rows={**elsewhere, **rows})))
