"""Every store there is: where it lies, whose data are in it, and what becomes of them.

Whoever keeps something takes its path from here: nothing else may ask where the data folder is. So
a store cannot be added without saying how a person's part of it is found, exported and erased.
`app.person` does what is said here, and docs/privacy.md shows it as a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from biofeedback.storage.paths import data_folder

__all__ = [
    "ACCESS",
    "CERTIFICATE",
    "CONFIGS",
    "CONSENT",
    "CONTACTS",
    "CONTROLS",
    "COPIES",
    "HEARING",
    "INDEX",
    "KEY",
    "LEARNED",
    "PROFILES",
    "RUNNING",
    "SESSIONS",
    "SETUP",
    "STORES",
    "TRIALS",
    "WEB",
    "Store",
    "table",
]

_NOBODYS = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A file or a folder below the data folder, and what becomes of a person's part of it.

    `files` are patterns below the data folder; the first is where it lies. Nobody is in a store
    whose `found` is "-": then the other three are so as well.
    """

    name: str
    files: tuple[str, ...]
    holds: str
    found: str  #: how a person's part of it is told from others'
    exported: str
    erased: str
    withdrawn: str  #: what becomes of it when a consent is taken back

    def __post_init__(self) -> None:
        said = (self.name, self.holds, self.found, self.exported, self.erased, self.withdrawn)
        nobodys = [text == _NOBODYS for text in said[2:]]
        if not (self.files and all(said)) or any(nobodys) != all(nobodys):
            raise ValueError(f"the store {self.name!r} does not say what becomes of a person")

    @property
    def path(self) -> Path:
        """Where it lies, or, where a name comes into it, the folder of all of them."""
        first = self.files[0]
        return data_folder() / (first.partition("/")[0] if "*" in first else first)

    def files_of(self, person: str | None) -> list[Path]:
        """Return the files that bear a pseudonym; for None those that bear nobody's."""
        folder, found = data_folder(), list[Path]()
        for pattern in self.files:
            if person is not None and "*" in pattern:
                found += folder.glob(pattern.replace("*", person, 1))
            elif person is None and "*" not in pattern:
                found.append(folder / pattern)
        return sorted(path for path in dict.fromkeys(found) if path.is_file())

    @property
    def personal(self) -> bool:
        """Whether it holds data of people."""
        return self.found != _NOBODYS


def _computers(name: str, *files: str, holds: str) -> Store:
    """Return a store that holds nothing of any person."""
    return Store(
        name=name, files=files, holds=holds,
        found=_NOBODYS, exported=_NOBODYS, erased=_NOBODYS, withdrawn=_NOBODYS,
    )  # fmt: skip


SESSIONS = Store(
    name="sessions, of one and of groups",
    files=("sessions", "sessions/*"),
    holds="logs with body data, markers and notes; MIDI, sound, reports, tags",
    found="the pseudonym in a log's first line, or among the wearers of a group",
    exported="whole; of a group's, what the person's own sensors sent and what was found in it",
    erased="whole, a group's too: the music was made of all of them",
    withdrawn="stay until they are deleted",
)
INDEX = Store(
    name="index of sessions",
    files=("sessions/.sessions.sqlite", "trials/*/sessions/.sessions.sqlite"),
    holds="first and last line of each log, so that lists come at once",
    found="by the session",
    exported="no: the logs have it",
    erased="rows overwritten and the file packed; while another program keeps it, the whole file",
    withdrawn="stays with the sessions",
)
TRIALS = Store(
    name="trials",
    files=("trials", "trials/*"),
    holds="protocol, sealed order, blocks as sessions, who looked at the arms, the result's page",
    found="the pseudonym in the protocol; in another's trial, that of each block",
    exported="whole; of another's trial the person's own blocks",
    erased="whole; of another's trial the person's own blocks",
    withdrawn="stay until they are deleted",
)
PROFILES = Store(
    name="profile",
    files=("profiles/*.json", "profiles/*.json.age"),
    holds="resting values, wishes, the own slow breathing rate",
    found="the pseudonym is the file's name",
    exported="whole",
    erased="whole",
    withdrawn="stays until it is deleted",
)
CONSENT = Store(
    name="consent",
    files=("consent.json", "consent.json.age", "profiles/*.consent.json*"),
    holds="the version of the questions, which were answered with yes, when; a minor's guardian",
    found="beside the profile; of whoever uses this computer without one, consent.json",
    exported="whole",
    erased="whole",
    withdrawn="stays, with the moment at which it was taken back",
)
LEARNED = Store(
    name="what was learned",
    files=("profiles/*.learned.json*",),
    holds="what each session did, in a few numbers",
    found="beside the profile",
    exported="whole",
    erased="whole",
    withdrawn="erased: nothing more is chosen by it",
)
ACCESS = Store(
    name="who looked",
    files=("access.jsonl", "profiles/*.access.jsonl"),
    holds="who saw a session on a desk, its report or its files, and when",
    found="beside the profile; without one, access.jsonl",
    exported="whole",
    erased="whole",
    withdrawn="stays until it is deleted",
)
COPIES = Store(
    name="copies that were made here",
    files=("copies.jsonl", "profiles/*.copies.jsonl"),
    holds="where exports, and sessions outside of the data folder, were written",
    found="beside the profile; without one, copies.jsonl",
    exported="whole",
    erased="the list, and sessions elsewhere that are still the person's; exports are named, and "
    "are yours to delete",
    withdrawn="stays until it is deleted",
)
SETUP = Store(
    name="set-up",
    files=("setup.json",),
    holds="which sensors and outputs worked last: the names of devices",
    found="of whoever uses this computer without a profile",
    exported="whole",
    erased="whole",
    withdrawn="stays until it is deleted",
)
WEB = Store(
    name="links of the pages",
    files=("web",),
    holds="digests of links that wait, the names of stations, where the server is",
    found="the station's number, which is in the pseudonym of a guest",
    exported="no: nothing of the body is in it",
    erased="the station's links and its name",
    withdrawn="stay; whoever was invited can be thrown out on the page",
)
RUNNING = _computers("running sessions", "running", holds="where a session that runs listens")
HEARING = _computers(
    "levels", "hearing.json", "hearing.json.age", holds="how loud an output was measured"
)
CONTROLS = _computers("controllers", "controls", holds="which knob or key does what")
CONFIGS = _computers("parts of your own", "configs", holds="bands, styles, programmes, MIDI maps")
CERTIFICATE = _computers("certificate", "certificate", holds="the server's certificate and its key")
CONTACTS = _computers("contacts", "contacts.toml", holds="whom to turn to in a crisis")
KEY = _computers("public key", "recipient.txt", holds="with which files are closed")

STORES = (
    SESSIONS, INDEX, TRIALS, PROFILES, CONSENT, LEARNED, ACCESS, COPIES, SETUP, WEB,
    RUNNING, HEARING, CONTROLS, CONFIGS, CERTIFICATE, CONTACTS, KEY,
)  # fmt: skip


def table() -> str:
    """Return the inventory as the table of docs/privacy.md."""
    rows = [
        ("Store", "Files", "Holds", "A person's part", "Exported", "Erased", "Consent taken back"),
        ("---",) * 7,
        *(
            (
                store.name, ", ".join(f"`{file}`" for file in store.files), store.holds,
                store.found, store.exported, store.erased, store.withdrawn,
            )
            for store in STORES
        ),
    ]  # fmt: skip
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
