"""What is kept of a person: consent, contacts, the set-up."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from biofeedback.common.errors import ConfigError, FolderError
from biofeedback.personal import consent, setup

NOW = datetime(2026, 3, 1, 12, 30, 15, 999, tzinfo=UTC)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path


def test_a_consent_is_kept_until_it_is_taken_back(data: Path) -> None:
    assert consent.load(None) is None
    given = consent.give(None, ("hearing", "epilepsy"), True, NOW, minor=False)
    assert given == consent.Consent(
        version=2,
        given_utc="2026-03-01T12:30:15+00:00",
        yes=("epilepsy", "hearing"),
        advised=True,
        minor=False,
    )
    assert given.holds
    assert consent.load(None) == given
    assert consent.load("robin") is None
    taken = consent.withdraw(None, NOW)
    assert taken.withdrawn_utc == "2026-03-01T12:30:15+00:00"
    assert not taken.holds
    assert consent.load(None) == taken
    later = datetime(2027, 1, 1, tzinfo=UTC)
    assert consent.withdraw(None, later) == taken
    (file,) = data.rglob("consent.json")
    assert file.read_text().startswith("{\n")
    file.write_text("{")
    assert consent.load(None) is None


def test_a_consent_to_older_questions_does_not_hold() -> None:
    assert not consent.Consent(version=0, given_utc="").holds


def test_distress_and_an_unasked_doctor_lead_to_no_consent() -> None:
    with pytest.raises(ConfigError, match="not the moment") as now:
        consent.give(None, ("distress",), True, NOW, minor=False)
    assert "crisis line" in now.value.hint
    with pytest.raises(ConfigError, match="ask your doctor") as asked:
        consent.give(None, ("heart",), False, NOW, minor=False)
    assert asked.value.hint == "Come back when you have, and say so."
    assert consent.load(None) is None
    assert consent.give("robin", (), False, NOW, minor=False).yes == ()
    assert consent.load("robin") is not None
    with pytest.raises(ConfigError, match="no consent was given") as none:
        consent.withdraw(None, NOW)
    assert none.value.hint == "There is nothing to take back."


def test_contacts_are_those_of_the_country(tmp_path: Path) -> None:
    assert consent.contacts() == []
    file = tmp_path / "contacts.toml"
    file.write_text(
        'country = "DE"\n[[de.lines]]\nname = "Ä"\nphone = 1\nmore = "x"\n'
        '[[at.lines]]\nname = "B"\n',
        encoding="utf-8",
    )
    assert consent.contacts(file) == [{"name": "Ä", "phone": "1", "hours": ""}]
    assert consent.contacts(file, "AT") == [{"name": "B", "phone": "", "hours": ""}]
    with pytest.raises(ConfigError, match="no contacts for the country 'fr'") as caught:
        consent.contacts(file, "FR")
    assert "[[de.lines]]" in caught.value.hint
    with pytest.raises(ConfigError, match="no file of contacts"):
        consent.contacts(tmp_path / "none.toml")
    german = b'country = "de"\n'
    damaged = (b"de = 1", b"de.lines = [1]", b"[de]\nlines = 1", b"de =", b"# \xff")
    for text in damaged:
        file.write_bytes(german + text)
        with pytest.raises(ConfigError, match=r"contacts"):
            consent.contacts(file)


def test_a_setup_is_remembered_whole(data: Path) -> None:
    assert setup.load() is None
    kept = setup.Setup(sensors=("ble:AA",), outputs=("audio:", "midi:X"))
    setup.save(kept)
    assert setup.load() == kept
    (file,) = data.rglob("setup.json")
    assert json.loads(file.read_text()) == {"sensors": ["ble:AA"], "outputs": ["audio:", "midi:X"]}
    assert [path.name for path in file.parent.iterdir()] == ["setup.json"]
    file.write_text("{")
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        setup.load()
    assert str(file) in str(caught.value)
    assert caught.value.hint == "Delete it, or give --sensor and --output."


def test_a_folder_that_cannot_be_made_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    kept = setup.Setup(sensors=(), outputs=())
    with pytest.raises(FolderError, match="cannot be written: Not a directory") as caught:
        setup.save(kept)
    assert "doctor" in caught.value.hint
    with pytest.raises(FolderError, match="cannot be written: Not a directory"):
        consent.give(None, (), False, NOW, minor=False)
