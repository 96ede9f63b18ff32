"""What was done with a person's data is written down beside them, and what they agreed to."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from biofeedback.common.errors import ConfigError, FolderError
from biofeedback.personal import consent, profiles, trail
from biofeedback.personal.consent import Guardian
from biofeedback.personal.profiles import Profile
from biofeedback.personal.trail import CopyItem, LookItem

NOW = datetime(2026, 3, 1, 12, 30, 15, 999, tzinfo=UTC)
STAMP = "2026-03-01T12:30:15+00:00"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("person", [None, "robin"])
def test_copies_and_looks_are_kept_in_order_each_with_all_that_is_known(
    person: str | None,
) -> None:
    assert trail.copies(person) == trail.looks(person) == []
    trail.note_copy(person, "edf", Path("a.edf"), NOW, "20260301")
    trail.note_copy(person, "archive", Path("/all.zip"), NOW)
    trail.note_look(person, "Ann", "therapist", "report.html", NOW, "20260301")
    trail.note_look(person, "Kim", "observer", "live", NOW)
    assert trail.copies(person) == [
        CopyItem(utc=STAMP, kind="edf", path=str(Path.cwd() / "a.edf"), session="20260301"),
        CopyItem(utc=STAMP, kind="archive", path="/all.zip"),
    ]
    assert trail.looks(person) == [
        LookItem(utc=STAMP, who="Ann", role="therapist", what="report.html", session="20260301"),
        LookItem(utc=STAMP, who="Kim", role="observer", what="live"),
    ]
    other = "kim" if person is None else None
    assert trail.copies(other) == trail.looks(other) == []


def test_a_person_s_trail_stands_beside_their_profile(data: Path) -> None:
    trail.note_copy("robin", "edf", Path("a.edf"), NOW)
    trail.note_look("robin", "Ann", "therapist", "live", NOW)
    names = {path.name for path in data.rglob("*.jsonl")}
    assert names == {"robin.copies.jsonl", "robin.access.jsonl"}


def test_a_line_that_a_crash_cut_is_left_out_and_a_damaged_one_is_named(data: Path) -> None:
    trail.note_copy(None, "edf", Path("a.edf"), NOW)
    (path,) = data.rglob("copies.jsonl")
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"utc": "2026')
    assert len(trail.copies(None)) == 1
    path.write_bytes(whole + b"{}\n" + whole)
    with pytest.raises(ConfigError, match=r"copies\.jsonl, line 2: "):
        trail.copies(None)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        trail.copies(None)
    with pytest.raises(FolderError, match="cannot be written"):
        trail.note_copy(None, "edf", Path("a.edf"), NOW)


def test_a_consent_is_taken_back_for_the_one_who_takes_it_back(data: Path) -> None:
    consent.give(None, (), False, NOW, minor=False)
    consent.give("robin", (), False, NOW, minor=False)
    consent.withdraw("robin", NOW + timedelta(days=1))
    everybody, robin = consent.load(None), consent.load("robin")
    assert everybody is not None
    assert robin is not None
    assert everybody.holds
    assert not robin.holds


def test_of_an_adult_nobody_else_s_consent_is_kept(data: Path) -> None:
    guardian = Guardian(name="Jo", relation="mother", agrees=True)
    grown = consent.give(None, (), False, NOW, minor=False, guardian=guardian, assent=True)
    assert (grown.guardian, grown.assent, grown.minor) == (None, False, False)
    child = consent.give("kim", (), False, NOW, minor=True, guardian=guardian, assent=True)
    assert (child.guardian, child.assent, child.minor) == (guardian, True, True)
    assert child.holds
    for custody in (None, Guardian(name="Jo", relation="mother", agrees=False)):
        with pytest.raises(ConfigError, match="has to agree first"):
            consent.give("kim", (), False, NOW, minor=True, guardian=custody, assent=True)
    with pytest.raises(ConfigError, match="did not say"):
        consent.give("kim", (), False, NOW, minor=True, guardian=guardian)


def test_a_profile_comes_back_as_it_was_kept_and_is_listed_by_its_name(data: Path) -> None:
    assert list(profiles.names()) == []
    profiles.save(Profile(name="robin"))
    profiles.save(Profile(name="kim"))
    assert sorted(profiles.names()) == ["kim", "robin"]
    assert profiles.load("robin").name == "robin"
    (path,) = data.rglob("robin.json")
    assert json.loads(path.read_text())["name"] == "robin"
