"""Options that several commands have in common."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

__all__ = [
    "Columns",
    "CommonOptions",
    "Json",
    "Rate",
    "Seed",
    "SessionName",
    "Sessions",
    "SessionsFolder",
    "Style",
    "column_map",
    "config_of",
    "file_or_session",
    "session_named",
    "with_common",
]


if TYPE_CHECKING:
    from biofeedback.app.plan import SessionPlan
    from biofeedback.app.registry import SensorOptions
    from biofeedback.config.schema import Config
    from biofeedback.group.settings import GroupSettings

Outputs = Annotated[
    list[str] | None,
    typer.Option(
        "--output", "-o", metavar="URI",
        help="audio:[DEVICE], soundfont:PATH, midi:PORT, midi-virtual:NAME, midi-jack:NAME, "
        "osc:[HOST:]PORT, mid:PATH, wav:[PATH], null:{output}. May repeat.",
    ),
]  # fmt: skip
Programme = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="{programme}, or the path of a TOML file; see `programmes`."),
]
Style = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="{style}."),
]
Rest = Annotated[
    bool, typer.Option("--rest-anew", help="Learn the profile's resting values again.")
]
Duration = Annotated[
    float | None,
    typer.Option(
        metavar="S", min=1.0, max=7 * 86400.0, help="Stop after this many seconds of samples."
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=0,
        help="Repeats a session's music: the same seed and recording give the same notes. "
        "Each session has one of its own else, in its log and report.",
    ),
]  # fmt: skip
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder for sessions; else your data folder.")
]
SessionsFolder = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of the sessions; else your data folder."),
]
#: In commands whose OUT is something else; those of `sessions` have --out.
Sessions = Annotated[
    Path | None,
    typer.Option(
        "--sessions", metavar="DIR", help="Folder of the sessions; else your data folder."
    ),
]
SessionName = Annotated[
    str,
    typer.Argument(
        metavar="SESSION", help="A session's name as listed, the start of it, or its path."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Columns = Annotated[
    str | None,
    typer.Option(metavar="MAP", help="Columns of a CSV, such as time=t,rr=RR_ms,eda=EDA"),
]
Rate = Annotated[
    float | None, typer.Option(metavar="HZ", help="Rate of a CSV without a time column.")
]
Profile = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A pseudonym under which your resting values are kept."),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="A TOML file with settings.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="One setting, such as control.lead.target=0.1"),
]
MidiMap = Annotated[
    str,
    typer.Option(
        "--midi-map", metavar="NAME",
        help="Channels, programs and controllers: general-midi, multitimbral, single-channel, "
        "or the path of a TOML file.",
    ),
]  # fmt: skip
Volume = Annotated[
    float, typer.Option(metavar="0..1", min=0.0, max=1.0, help="Volume of live sound, 0 to 1.")
]


@dataclass(frozen=True, slots=True)
class CommonOptions:
    """What every command that makes music can be told."""

    output: Outputs = None
    programme: Programme = None
    style: Style = None
    duration: Duration = None
    seed: Seed = None
    out: Out = None
    profile: Profile = None
    rest_anew: Rest = False
    config: ConfigFile = None
    settings: Set = None
    volume: Volume = 0.7
    midi_map: MidiMap = ""

    def plan(
        self,
        sensors: tuple[str, ...],
        outputs: tuple[str, ...],
        options: SensorOptions,
        group: GroupSettings | None = None,
        **others: Any,
    ) -> SessionPlan:
        """Return the plan of a session with these sensors and outputs, and the sensors' seed."""
        from msgspec import structs

        from biofeedback.app.plan import SessionPlan
        from biofeedback.app.recommend import within
        from biofeedback.storage.paths import sessions_folder

        config = config_of(self.programme, self.config, self.settings, self.style)
        if group is not None:
            config = structs.replace(config, group=group)
        plan = SessionPlan(
            config=config,
            sensors=sensors,
            outputs=outputs,
            out=self.out or sessions_folder(),
            seed=options.seed,
            duration_s=self.duration,
            profile=self.profile,
            rest_anew=self.rest_anew,
            volume=self.volume,
            midi_map=self.midi_map,
            options=options,
            **others,
        )
        return within(plan)

    @property
    def leaves_open(self) -> bool:
        """Whether nothing was said about the kind of session, so that it may be chosen."""
        settings = self.settings or []
        said = any(
            setting.strip().startswith(("music.", "control.", "phase")) for setting in settings
        )
        return not (self.programme or self.style or self.config or said)


def config_of(
    programme: str | None, file: Path | None, settings: list[str] | None, style: str | None
) -> Config:
    """Return the config that these options make."""
    from biofeedback.config.loader import load

    tables = {"music": {"style": style}} if style else {}
    return load(programme, file, settings or [], tables)


def with_common(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `CommonOptions` for its parameter `common`."""
    hints, names = (
        get_type_hints(CommonOptions, include_extras=True),
        [f.name for f in fields(CommonOptions)],
    )

    @functools.wraps(command)
    def filled(**given: Any) -> None:
        common = CommonOptions(**{name: given.pop(name) for name in names if name in given})
        command(common=common, **given)

    keyword = inspect.Parameter.KEYWORD_ONLY
    own = inspect.signature(command, eval_str=True).parameters
    shared = {
        f.name: inspect.Parameter(f.name, keyword, default=f.default, annotation=hints[f.name])
        for f in fields(CommonOptions)
    }
    listed: list[inspect.Parameter] = []
    for name, parameter in own.items():
        listed += shared.values() if name == "common" else [parameter.replace(kind=keyword)]
    filled.__signature__ = inspect.Signature(listed)  # type: ignore[attr-defined]
    filled.__annotations__ = {parameter.name: parameter.annotation for parameter in listed}
    return filled


def session_named(name: str, folder: Path | None) -> Path:
    """Return the session that a name, as `sessions list` prints it, or a path means."""
    from biofeedback.record.catalogue import find
    from biofeedback.storage.paths import sessions_folder

    return find(folder or sessions_folder(), name)


def file_or_session(name: str, folder: Path | None) -> Path:
    """Return a path where there is something, else the session of that name, else the path."""
    from biofeedback.record.catalogue import find_all
    from biofeedback.storage.paths import sessions_folder

    path = Path(name)
    if path.exists() or not find_all(folder or sessions_folder(), name):
        return path
    return session_named(name, folder)


def column_map(text: str) -> dict[str, str]:
    """Return {"time": "t", "rr": "RR_ms"} for "time=t,rr=RR_ms"; raise `SettingsError` else."""
    # A name may have a comma, as in "eda=Skin, left".
    pairs = [pair.partition("=") for pair in re.split(r",(?=\s*\w+\s*=)", text)]
    if any(not (name and equals and column) for name, equals, column in pairs):
        from sensors.errors import SettingsError  # so that `doctor` tells what is in the way

        raise SettingsError(
            f"--columns {text}: not of the form signal=column,...",
            hint="For example --columns time=t,rr=RR_ms",
        )
    return {name.strip(): column.strip() for name, _, column in pairs}
