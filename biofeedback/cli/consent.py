"""Commands for what a person agrees to before the first session: show, give, withdraw."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli import console

if TYPE_CHECKING:
    from biofeedback.personal.consent import Guardian

__all__ = ["ask_once", "register"]

Profile = Annotated[
    str | None, typer.Option(metavar="NAME", help="Whose; else of whoever uses this computer.")
]

_RULES = ("consent.rule_feel", "consent.rule_sensor")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        help="What you agree to before the first session.", no_args_is_help=True
    )  # fmt: skip
    for command in (show, give, withdraw):
        group.command()(command)
    app.add_typer(group, name="consent")


def show(profile: Profile = None) -> None:
    """Say what was agreed to, and when."""
    from biofeedback.personal import consent

    found = consent.load(profile)
    if found is None:
        console.out.print("No consent was given yet.", highlight=False)
        return
    _say(f"Given {found.given_utc}, version {found.version} of the questions.")
    if found.guardian is not None:
        _say(f"Of a minor; agreed to by {found.guardian.name}, {found.guardian.relation}.")
    if found.yes:
        advice = ", after asking a doctor or therapist" if found.advised else ""
        _say(f"Answered with yes: {', '.join(found.yes)}{advice}.")
    if found.withdrawn_utc:
        _say(f"Taken back {found.withdrawn_utc}.")
    elif not found.holds:
        _say("The questions have changed since; they will be asked again.")


def give(profile: Profile = None) -> None:
    """Answer the questions that come before the first session."""
    from biofeedback.common.errors import ConfigError

    if not sys.stdin.isatty():
        raise ConfigError("nobody can be asked here", hint="Run it in a terminal.")
    _ask(profile)


def withdraw(profile: Profile = None) -> None:
    """Take your consent back. What was recorded stays until you delete it."""
    from biofeedback.app import person
    from biofeedback.cli.deleting import kept_words
    from biofeedback.common.clock import utc_now

    taken = person.withdraw(profile, utc_now())
    _say(f"Taken back {taken.withdrawn_utc}. What was learned is erased.")
    kept = kept_words(person.kept_of(profile))
    how = f"biofeedback profile forget {profile}" if profile else "biofeedback sessions delete"
    _say(f"Kept until you delete it: {kept}. `{how}` does that.")


def ask_once(sensors: Sequence[str], profile: str | None) -> None:
    """Ask before somebody's first session; never for simulated bodies, nor where nobody can answer.

    Ends the command when there is no consent.
    """
    if all(uri.startswith(("sim:", "file:")) for uri in sensors):
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    from biofeedback.personal import consent

    found = consent.load(profile)
    if found is None or not found.holds:
        _ask(profile)


def _ask(profile: str | None) -> None:
    from biofeedback.common.clock import utc_now
    from biofeedback.personal import consent
    from biofeedback.web.translations import catalogue

    words = catalogue("en")
    _say(f"\n[bold]{words['consent.heading']}[/]")
    for key in ("consent.is", "consent.is_not"):
        _say(words[key])
    minor = not typer.confirm("\nAre you 18 or older?", default=None)
    guardian = _guardian(words) if minor else None
    assent = minor and typer.confirm(f"{words['consent.assent']}?", default=None)
    if minor and not (guardian and guardian.agrees and assent):
        _say("Then nothing starts.")
        raise typer.Exit(0)
    _say("\nDoes any of this apply to you?")
    yes = tuple(
        question
        for question in consent.QUESTIONS
        if typer.confirm(f"  {words[f'script.question.{question}']}?", default=None)
    )
    advised = False
    if yes and "distress" not in yes:
        _say(words["consent.ask_first"])
        advised = typer.confirm(f"  {words['consent.advised']}?", default=None)
    if "distress" in yes:
        _turn_to(consent.contacts(), words["script.contacts.none"])
    else:
        _say(f"\n{words['consent.stop_rules']}")
        for key in _RULES:
            _say(f"  - {words[key]}")
        _say("  - The key q ends the music, a second q at once; p silences.\n")
        if not typer.confirm(f"{words['consent.agree']}?", default=None):
            _say("Then nothing starts.")
            raise typer.Exit(0)
    consent.give(
        profile, yes, advised, utc_now(),  # type: ignore[arg-type]
        minor=minor, guardian=guardian, assent=assent,
    )  # fmt: skip
    _say(words["script.consent.thanks"])


def _guardian(words: dict[str, str]) -> Guardian:
    """Ask who consents for a minor, and whether they do."""
    from biofeedback.personal.consent import Guardian

    _say(words["consent.guardian"])
    name = typer.prompt(f"  {words['consent.guardian_name']}").strip()[:80]
    relation = typer.prompt(f"  {words['consent.guardian_relation']}").strip()[:80]
    agrees = typer.confirm(f"  {words['consent.guardian_agrees']}?", default=None)
    return Guardian(name=name, relation=relation, agrees=agrees)


def _turn_to(contacts: list[dict[str, str]], otherwise: str) -> None:
    for line in contacts:
        _say(f"  {line['name']}  {line['phone']}  {line['hours']}")
    if not contacts:
        _say(otherwise)


def _say(text: str) -> None:
    console.paragraph(text)
