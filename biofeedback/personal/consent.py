"""What a person was asked before their first session, what they answered, when.

The questions look for reasons to ask a doctor first; they are no diagnosis. The words stand with
the pages and the terminal that ask; here is what is kept, under a version of the questions, so
that changed questions are asked again.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from biofeedback.common.errors import ConfigError, FolderError
from biofeedback.personal.profiles import beside
from biofeedback.storage import encryption
from biofeedback.storage.inventory import CONSENT, CONTACTS

__all__ = [
    "QUESTIONS",
    "VERSION",
    "Answer",
    "Consent",
    "Guardian",
    "contacts",
    "give",
    "load",
    "withdraw",
]

VERSION = 2  #: 2 asks whether somebody is of age
#: What is asked, in this order.
QUESTIONS = ("epilepsy", "heart", "hearing", "distress")

Answer = Literal["epilepsy", "heart", "hearing", "distress"]


Text = Annotated[str, Meta(min_length=1, max_length=80)]


class Guardian(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who consents for a minor: their name, what they are to the minor, and that they agree."""

    name: Text
    relation: Text
    agrees: bool = False


class Consent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One record. `yes` holds the questions that were answered with yes.

    With any of those, `advised` says that the person has talked to a doctor or therapist about it
    and wants to go on. Acute distress never leads to a consent. For a minor a guardian consents,
    and `assent` says that the minor wants to take part as well; `minor` is None where it was not
    asked, before version 2.
    """

    version: int
    given_utc: str
    yes: tuple[Answer, ...] = ()
    advised: bool = False
    minor: bool | None = None
    guardian: Guardian | None = None
    assent: bool = False
    withdrawn_utc: str | None = None

    @property
    def holds(self) -> bool:
        """Whether a session may start on it."""
        return self.version == VERSION and self.withdrawn_utc is None


def load(profile: str | None) -> Consent | None:
    """Return what a person (None: whoever uses this computer) has consented to, if they were asked.

    A record that cannot be read counts as none; `KeyMissingError` for one that is encrypted.
    """
    try:
        return msgspec.json.decode(encryption.read(_path(profile)), type=Consent)
    except (OSError, msgspec.DecodeError):
        return None


def give(
    profile: str | None,
    yes: tuple[Answer, ...],
    advised: bool,
    now: datetime,
    *,
    minor: bool,
    guardian: Guardian | None = None,
    assent: bool = False,
) -> Consent:
    """Record a consent; raise `ConfigError` for answers with which there can be none."""
    if "distress" in yes:
        raise ConfigError(
            "this is not the moment for a session",
            hint="Talk to somebody now: a person you trust, your doctor, or a crisis line.",
        )
    if yes and not advised:
        raise ConfigError(
            "ask your doctor or therapist before the first session",
            hint="Come back when you have, and say so.",
        )
    if minor and not (guardian and guardian.agrees):
        raise ConfigError(
            "somebody who has custody of you has to agree first",
            hint="Ask them to read this with you, and to say who they are.",
        )
    if minor and not assent:
        raise ConfigError("you did not say that you want to", hint="Only take part if you like to.")
    consent = Consent(
        version=VERSION,
        given_utc=now.isoformat(timespec="seconds"),
        yes=tuple(question for question in QUESTIONS if question in yes),
        advised=advised,
        minor=minor,
        guardian=guardian if minor else None,
        assent=assent and minor,
    )
    _save(profile, consent)
    return consent


def withdraw(profile: str | None, now: datetime) -> Consent:
    """Take a consent back; what was recorded until now stays until it is deleted."""
    consent = load(profile)
    if consent is None:
        raise ConfigError("no consent was given", hint="There is nothing to take back.")
    if consent.withdrawn_utc is None:
        consent = msgspec.structs.replace(
            consent, withdrawn_utc=now.isoformat(timespec="seconds")
        )  # fmt: skip
        _save(profile, consent)
    return consent


def contacts(file: Path | None = None, country: str | None = None) -> list[dict[str, str]]:
    """Return whom to turn to in a crisis, as the operator of this computer set it.

    The file, `contacts.toml` in the data folder unless another is given, has a table for each
    country with a list `lines` of tables `name`, `phone` and `hours`, and a top-level `country`
    that is used when none is named. Empty without a file.
    """
    import tomllib

    path = file or CONTACTS.path
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if file is None:
            return []
        raise ConfigError(f"no file of contacts {path}", hint="Check the path.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"the contacts in {path} cannot be read: {error}") from error
    chosen = str(country or tables.get("country", "")).lower()
    table = tables.get(chosen)
    found = table.get("lines") if isinstance(table, dict) else None
    if not isinstance(found, list) or not all(isinstance(line, dict) for line in found):
        raise ConfigError(
            f"{path} has no contacts for the country {chosen!r}",
            hint='It needs country = "de" and, for each, [[de.lines]] with name and phone.',
        )
    return [{key: str(line.get(key, "")) for key in ("name", "phone", "hours")} for line in found]


def _path(profile: str | None) -> Path:
    return CONSENT.path if profile is None else beside(profile, "consent.json")


def _save(profile: str | None, consent: Consent) -> None:
    path = _path(profile)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        encryption.write(path, msgspec.json.format(msgspec.json.encode(consent)))
    except OSError as error:
        raise FolderError(f"{path} cannot be written: {error.strerror}") from error
