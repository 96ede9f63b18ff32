"""Commands about what is remembered of a person: show, set, export, forget, summary."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli import band, console, exporting
from biofeedback.cli.options import Json, SessionsFolder

if TYPE_CHECKING:
    from biofeedback.app.recommend import KnownPerson
    from biofeedback.personal.profiles import Profile

__all__ = ["register"]

Name = Annotated[str, typer.Argument(metavar="NAME", help="The pseudonym given to --profile.")]
Simulated = Annotated[
    bool, typer.Option("--simulated", help="Of sessions with a virtual listener instead.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that exists.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        help="What is remembered of you: show, set, export, forget, summary.", no_args_is_help=True
    )
    group.command("list")(list_profiles)
    group.command("set")(set_preferences)
    for command in (show, access, export, forget, summary):
        group.command()(command)
    group.command("check", hidden=True)(band.check)  # a band's profile, whom it is sought under
    app.add_typer(group, name="profile")


def list_profiles(
    as_json: Json = False,
) -> None:
    """List the profiles on this computer."""
    from biofeedback.personal import profiles

    names = list(profiles.names())
    if as_json:
        console.as_json(names)
        return
    for name in names:
        typer.echo(name)
    if not names:
        console.err.print("There are no profiles yet: --profile NAME makes one.", highlight=False)


def show(
    name: Name,
    out: SessionsFolder = None,
    simulated: Simulated = False,
    as_json: Json = False,
) -> None:
    """Show what is remembered of a person, and what worked."""
    profile, found = _known(name, out, simulated)
    from biofeedback.personal.insights import insights

    compared = insights(found.history, profile.preferences.goals)
    if as_json:
        import msgspec

        console.as_json(
            {
                **msgspec.to_builtins(profile),
                "simulated": simulated,
                "sessions": msgspec.to_builtins(found.history),
                "left_out": found.left_out,
                "compared": msgspec.to_builtins(compared),
            }
        )
        return
    from biofeedback.cli.profile_tables import print_profile

    print_profile(profile, found, compared, simulated=simulated)


def set_preferences(
    name: Name,
    changes: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY=VALUE...",
            help="liked, avoided, modes, densities, strategies, pacings, without, keys, goals "
            "(lists: piano,chamber), loudest and exploration (0 to 1).",
        ),
    ],
) -> None:
    """Say what you want and do not want. The choice among sessions keeps to it."""
    from biofeedback.app.recommend import preferences
    from biofeedback.common.errors import ConfigError

    told: dict[str, object] = {}
    for change in changes:
        key, equals, value = (part.strip() for part in change.partition("="))
        if not equals or not key:
            raise ConfigError(
                f"{change!r} is not of the form key=value",
                hint="For example: biofeedback profile set NAME avoided=pulse exploration=0.3",
            )
        single = key in ("loudest", "exploration")
        told[key] = value if single else [part.strip() for part in value.split(",") if part.strip()]
    preferences(name, told)
    console.out.print(f"Kept for {console.escape(name)}.", highlight=False)


def access(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Whose; else of who has no profile.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who else looked at your sessions, and when."""
    from biofeedback.personal.trail import looks

    found = looks(name)
    if as_json:
        import msgspec

        console.as_json(msgspec.to_builtins(found))
        return
    if not found:
        console.out.print("Nobody else has looked so far.", highlight=False)
        return
    from rich.table import Table

    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("When", "Who", "What", "Session"):
        table.add_column(heading, overflow="fold")
    for look in found:
        cells = (look.utc, f"{look.who} ({look.role})", look.what, look.session)
        table.add_row(*map(console.escape, cells))
    console.out.print(table, soft_wrap=False)


def export(
    name: Name,
    target: Annotated[Path, typer.Argument(metavar="OUT.zip", help="The archive to write.")],
    out: SessionsFolder = None,
    force: Force = False,
) -> None:
    """Write all that is kept of a person into one archive.

    From every store: sessions, blocks of trials, profile, consent, what was learned, who looked.
    """
    from biofeedback.app.person import kept_of, write_archive
    from biofeedback.record.targets import new_file

    kept = kept_of(name, out)
    _refuse_nobody(name, bool(kept))
    with new_file(target, force=force) as path:
        write_archive(path, kept)
    exporting.note_copy_of([name], "archive", target)
    console.written([target], json=False)


def forget(
    name: Name,
    learned: Annotated[
        bool, typer.Option("--learned", help="Only what was learned; sessions and wishes stay.")
    ] = False,
    out: SessionsFolder = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Forget what was learned of a person, or all of them."""
    from biofeedback.app.person import kept_of
    from biofeedback.app.recommend import forget_learned
    from biofeedback.cli.deleting import erased, kept_words
    from biofeedback.common.clock import utc_now
    from biofeedback.common.errors import ConfigError

    kept = kept_of(name, out)
    _refuse_nobody(name, bool(kept))
    what = (
        f"what was learned of {name}" if learned else f"everything about {name}: {kept_words(kept)}"
    )
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigError(f"this would forget {what}", hint="Say so with --yes.")
        if not typer.confirm(f"Forget {what}, for good?"):
            raise typer.Exit(1)
    if learned:
        forget_learned(name, utc_now())
    else:
        erased(kept)
    console.out.print(f"Forgotten: {console.escape(what)}.", highlight=False)


def summary(
    name: Name,
    target: Annotated[
        Path, typer.Option("--out", metavar="FILE.html", help="The page to write.")
    ] = Path("summary.html"),
    sessions: Annotated[
        Path | None,
        typer.Option("--sessions", metavar="DIR", help="Folder of the sessions; else your data's."),
    ] = None,
    simulated: Simulated = False,
    force: Force = False,
) -> None:
    """Write one page for a therapist. What was heard, what came of it, and what nobody can say."""
    from biofeedback.common.clock import utc_now
    from biofeedback.personal.insights import insights
    from biofeedback.record.targets import new_file
    from biofeedback.report.one_page import render

    profile, found = _known(name, sessions, simulated)
    compared = insights(found.history, profile.preferences.goals)
    text = render(profile, found.history, found.left_out, compared, utc_now())
    with new_file(target, force=force) as path:
        path.write_text(text, encoding="utf-8")
    exporting.note_copy_of([name], "summary", target)
    console.written([target], json=False)


def _known(name: str, out: Path | None, simulated: bool) -> tuple[Profile, KnownPerson]:
    from biofeedback.app.recommend import known
    from biofeedback.personal import profiles
    from biofeedback.storage.paths import sessions_folder

    profile = profiles.load(name)
    folder = out or sessions_folder()
    with console.err.status("Reading the sessions"):
        found = known(name, folder, simulated=simulated)
    _refuse_nobody(name, bool(found.history or found.left_out or profiles.files(name)))
    return profile, found


def _refuse_nobody(name: str, there: bool) -> None:
    from biofeedback.common.errors import ConfigError

    if not there:
        raise ConfigError(
            f"nothing is kept of {name!r}",
            hint="`biofeedback profile list` names whom there is; --out names another folder.",
        )
