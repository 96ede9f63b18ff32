"""Whose an export is and which of their sessions, where somebody says so: `--subject`, `--session`.

What is given stands in place of the pseudonym, so that a pseudonym need not leave the house.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from biofeedback.common.errors import ConfigError
from biofeedback.record.lines import HeaderLine

__all__ = ["OWN", "ExportLabel", "people_of"]

_LABEL = re.compile(r"[0-9A-Za-z]{1,32}")  # what BIDS takes, and every file system


@dataclass(frozen=True, slots=True)
class ExportLabel:
    """Names for one export; "" where the session's own are to be used."""

    subject: str = ""  #: without "sub-"
    session: str = ""  #: without "ses-"

    @classmethod
    def of(cls, subject: str | None, session: str | None) -> ExportLabel:
        """Return labels without their `sub-` and `ses-`.

        Parameters
        ----------
        subject
            Whose the session is.
        session
            Which of theirs.

        Returns
        -------
        ExportLabel
            With "" for None.

        Raises
        ------
        ConfigError
            For anything but letters and digits.
        """
        subject = (subject or "").removeprefix("sub-")
        session = (session or "").removeprefix("ses-")
        for option, value in (("--subject", subject), ("--session", session)):
            if value and not _LABEL.fullmatch(value):
                raise ConfigError(
                    f"{option} {value}: a label has letters and digits only, at most 32",
                    hint=f"For example {option} 07.",
                )
        return cls(subject, session)

    def header(self, header: HeaderLine) -> HeaderLine:
        """Return the header of a log as the export names it.

        Parameters
        ----------
        header
            The first line of the log.

        Returns
        -------
        HeaderLine
            With the subject in place of the profile, if one is given.
        """
        return msgspec.structs.replace(header, profile=self.subject or header.profile)

    def file_name(self, session: str) -> str:
        """Return what one of several files is called.

        Parameters
        ----------
        session
            The name of the session's folder.

        Returns
        -------
        str
            Without an ending.
        """
        return (f"sub-{self.subject}_" if self.subject else "") + (
            f"ses-{self.session}" if self.session else session
        )

    def checked(self, headers: Iterable[HeaderLine]) -> ExportLabel:
        """Refuse to make one person of several, or one session.

        Parameters
        ----------
        headers
            Of all sessions that are exported together.

        Returns
        -------
        ExportLabel
            The same.

        Raises
        ------
        ConfigError
            When they are of several people, or several and one session is named.
        """
        known = list(headers)
        whose = dict.fromkeys(name for header in known for name in people_of(header))
        if self.subject and len(whose) > 1:
            raise ConfigError(
                f"--subject {self.subject} names one person, and these sessions are of "
                f"{', '.join(whose)}",
                hint="Export the sessions of each person with a --subject of their own.",
            )
        if self.session and len(known) > 1:
            raise ConfigError(
                f"--session {self.session} names one session, and there are {len(known)}",
                hint="Export one at a time.",
            )
        return self


OWN = ExportLabel()  #: the names that a session has itself


def people_of(header: HeaderLine) -> tuple[str, ...]:
    """Return the pseudonyms of all whose body is in a session; none in one of nobody.

    Parameters
    ----------
    header
        The first line of its log.

    Returns
    -------
    tuple[str, ...]
        The wearers of a group, or the one profile.
    """
    group = msgspec.json.decode(header.config).get("group")
    names = tuple(str(name) for name in group["wearers"]) if group else ()
    return names or ((header.profile,) if header.profile else ())
