"""What is asked before the first session, and what is kept of the answers."""

import os
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer

from biofeedback.cli import consent as commands
from biofeedback.cli.app import run
from biofeedback.common.errors import ConfigError
from biofeedback.personal import consent, profiles

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "biofeedback"


def test_a_consent_is_kept_with_its_version_and_date() -> None:
    given = consent.give("robin", (), advised=False, now=NOW, minor=False)
    assert given.holds
    assert consent.load("robin") == given
    assert given.version == consent.VERSION
    assert given.given_utc == "2026-03-01T12:00:00+00:00"
    assert consent.load("somebody-else") is None


def test_for_a_minor_a_guardian_consents_and_the_minor_wants_to() -> None:
    mother = consent.Guardian(name="Ann Roe", relation="mother", agrees=True)
    silent = consent.Guardian(name="Ann Roe", relation="mother")
    for guardian, assent in ((None, True), (silent, True), (mother, False)):
        with pytest.raises(ConfigError):
            consent.give("kid", (), False, NOW, minor=True, guardian=guardian, assent=assent)
        assert consent.load("kid") is None
    consent.give("kid", (), False, NOW, minor=True, guardian=mother, assent=True)
    kept = consent.load("kid")
    assert kept is not None
    assert kept.holds
    assert (kept.guardian, kept.assent) == (mother, True)
    assert consent.give("grown", (), False, NOW, minor=False, guardian=mother).guardian is None


def test_a_consent_from_before_that_was_asked_is_asked_for_again(home: Path) -> None:
    home.mkdir()
    (home / "consent.json").write_text('{"version": 1, "given_utc": "2026-01-01T00:00:00+00:00"}')
    old = consent.load(None)
    assert old is not None
    assert not old.holds


def test_a_consent_can_be_taken_back_once() -> None:
    consent.give(None, (), advised=False, now=NOW, minor=False)
    taken = consent.withdraw(None, NOW)
    assert not taken.holds
    assert consent.withdraw(None, NOW.replace(year=2027)) == taken
    with pytest.raises(ConfigError, match="no consent"):
        consent.withdraw("robin", NOW)


def test_a_yes_needs_advice_and_distress_is_never_a_consent() -> None:
    with pytest.raises(ConfigError, match="ask your doctor"):
        consent.give("robin", ("heart",), advised=False, now=NOW, minor=False)
    assert consent.give("robin", ("heart",), advised=True, now=NOW, minor=False).holds
    with pytest.raises(ConfigError, match="not the moment"):
        consent.give("kim", ("distress",), advised=True, now=NOW, minor=False)
    assert consent.load("kim") is None


def test_questions_of_another_version_are_asked_again(home: Path) -> None:
    consent.give(None, (), advised=False, now=NOW, minor=False)
    path = home / "consent.json"
    path.write_text(path.read_text().replace(f'"version": {consent.VERSION}', '"version": 0'))
    old = consent.load(None)
    assert old is not None
    assert not old.holds
    path.write_text("{")
    assert consent.load(None) is None


def test_deleting_a_person_deletes_their_consent() -> None:
    consent.give("robin", (), advised=False, now=NOW, minor=False)
    assert [path.name for path in profiles.delete("robin")] == ["robin.consent.json"]
    assert consent.load("robin") is None


def test_contacts_are_those_of_the_country_that_the_operator_named(tmp_path: Path) -> None:
    file = tmp_path / "contacts.toml"
    file.write_text(
        'country = "de"\n[[de.lines]]\nname = "A line"\nphone = "0800 1"\n'
        '[[at.lines]]\nname = "Another"\nphone = "142"\nhours = "always"\n'
    )
    assert consent.contacts(file) == [{"name": "A line", "phone": "0800 1", "hours": ""}]
    assert consent.contacts(file, "AT")[0]["phone"] == "142"
    with pytest.raises(ConfigError, match="'fr'"):
        consent.contacts(file, "fr")
    assert consent.contacts() == []


def test_where_nobody_can_answer_nobody_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    commands.ask_once(["ble:"], None)
    assert capsys.readouterr().out == ""
    assert run(["consent", "give"]) == 2
    assert run(["consent", "withdraw"]) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize(
    ("answers", "holds"),
    [("y\nn\nn\nn\nn\ny\n", True), ("y\nn\ny\nn\nn\ny\ny\n", True),
     ("y\nn\nn\nn\nn\nn\n", False), ("y\nn\nn\nn\ny\n", False),
     ("n\nAnn Roe\nmother\ny\ny\nn\nn\nn\nn\ny\n", True),  # a minor, whose mother agrees
     ("n\nAnn Roe\nmother\nn\ny\n", False), ("n\nAnn Roe\nmother\ny\nn\n", False)],
)  # fmt: skip
def test_a_terminal_asks_once(answers: str, holds: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    os.write(ours, answers.encode())
    with os.fdopen(theirs, "r") as terminal, open(theirs, "w", closefd=False) as screen:
        monkeypatch.setattr(sys, "stdin", terminal)
        monkeypatch.setattr(sys, "stdout", screen)
        commands.ask_once(["sim:", "file:x"], None)  # nobody is there to be asked
        with nullcontext() if holds else pytest.raises((ConfigError, typer.Exit)):
            commands.ask_once(["ble:"], None)
        if holds:
            commands.ask_once(["ble:"], None)  # not a second time: nothing is left to read
    os.close(ours)
    found = consent.load(None)
    assert (found is not None and found.holds) == holds
