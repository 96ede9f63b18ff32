"""Encryption at rest: nothing plain is left, everything reads it with the key, nobody without."""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rigs.sessions import nothing_to_watch

from biofeedback.app import postprocess
from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.cli.app import run
from biofeedback.common.errors import ConfigError, FolderError, KeyMissingError
from biofeedback.config.loader import load
from biofeedback.offline import sound_exposure
from biofeedback.personal import consent, profiles
from biofeedback.record import archive, index, removal
from biofeedback.record.catalogue import catalogue, find
from biofeedback.record.index import INDEX_NAME
from biofeedback.record.log_summary import summary
from biofeedback.record.reader import LOG_NAME, read
from biofeedback.record.rebuild import core_of
from biofeedback.record.tags import read_tags, write_tags
from biofeedback.record.verify import verify
from biofeedback.storage import encryption
from biofeedback.trials.folder import trials_folder
from biofeedback.web import records

pytest.importorskip("pyrage", reason="pyrage has no wheel here")


def recorded(out: Path) -> Path:
    plan = SessionPlan(
        config=load(), sensors=("sim:",), out=out, duration_s=30.0, profile="robin", seed=1
    )  # fmt: skip
    outcome = SessionRunner(plan).run(nothing_to_watch)
    assert outcome is not None
    return outcome.folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv(encryption.KEY, raising=False)
    return tmp_path


@pytest.fixture
def key(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = home / "me.key"
    encryption.create(file)
    monkeypatch.setenv(encryption.KEY, str(file))
    return file


def readable(folder: Path) -> list[str]:
    """Return the files of a folder in which the person's name stands."""
    return [str(p) for p in folder.rglob("*") if p.is_file() and b"robin" in p.read_bytes()]


@pytest.mark.slow
def test_a_closed_session_is_read_by_everything_with_the_key_and_by_nothing_without(
    home: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = home / "out"
    folder = recorded(out)
    before = [raw for raw, _ in read(folder)]
    catalogue(out)
    assert readable(out)
    done = [step.do(lambda share: None) for step in postprocess.steps(folder, [])]
    assert len(done) == 3
    assert {path.suffix for path in folder.iterdir()} == {".age"}
    (entry,), problems = catalogue(out)
    assert readable(out) == []  # the index included
    assert problems == []
    assert entry.header.profile == "robin"
    assert entry.end is not None
    assert [raw for raw, _ in read(folder)] == before
    assert summary(folder).notes > 10
    verdict = verify(folder, core_of)
    assert verdict.complete
    assert verdict.difference is None
    assert postprocess.write_midi(folder, home / "again.mid").stat().st_size > 100
    (past,) = records.past(out, "robin")
    assert past.files == ("report.html", "session.mid")
    path, _ = records.file_of(out, "robin", past.id, "report.html")
    assert b"<html" in encryption.read(path)
    archive = records.export(out, "robin")
    with zipfile.ZipFile(archive) as copy:
        assert f"sessions/{past.id}/report.html" in copy.namelist()
        assert not any(name.endswith(".age") for name in copy.namelist())
    archive.unlink()

    monkeypatch.delenv(encryption.KEY)
    with pytest.raises(KeyMissingError, match="no key"):
        list(read(folder))
    assert [type(problem) for problem in catalogue(out)[1]] == [KeyMissingError]
    with pytest.raises(KeyMissingError):  # nobody is told that all is gone while it is not
        records.forget(out, "robin")
    assert find(out, folder.name) == folder


def test_delete_means_gone(home: Path, key: Path) -> None:
    out = home / "out"
    folder = recorded(out)
    profiles.save(profiles.Profile(name="robin"))
    consent.give("robin", (), False, datetime(2026, 1, 1, tzinfo=UTC), minor=False)
    write_tags(folder, ["robin's best"])
    catalogue(out)
    archive.seal(folder)
    assert read_tags(folder) == ("robin's best",)
    assert records.forget(out, "robin") == 1
    left = [path.name for path in home.rglob("*") if path.is_file()]
    assert sorted(left) == [INDEX_NAME, "me.key", "recipient.txt"]
    assert readable(home) == []


def test_profiles_and_consent_are_closed_and_open_again(
    home: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = profiles.Profile(name="robin", resonance_per_minute=5.5)
    profiles.save(profile)
    given = consent.give("robin", ("heart",), True, datetime(2026, 1, 1, tzinfo=UTC), minor=False)
    assert readable(home / "data") == []
    assert profiles.names() == ["robin"]
    assert (profiles.load("robin"), consent.load("robin")) == (profile, given)
    monkeypatch.delenv(encryption.KEY)
    with pytest.raises(KeyMissingError, match="no key"):
        profiles.load("robin")
    with pytest.raises(KeyMissingError):
        consent.load("robin")


def test_what_was_plain_is_closed_later_and_the_key_is_the_users_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles.save(profiles.Profile(name="robin"))
    assert len(profiles.plain_files()) == 1
    file = home / "me.key"
    public = encryption.create(file)
    assert file.stat().st_mode & 0o077 == 0
    secret = file.read_text().splitlines()[-1]
    assert not any(secret in p.read_text() for p in (home / "data").rglob("*") if p.is_file())
    with pytest.raises(FolderError):  # a key is never replaced
        encryption.create(file)
    for path in profiles.plain_files():
        encryption.seal(path)
    assert readable(home / "data") == []
    assert public.startswith("age1")
    other = home / "other"
    other.write_text("nothing secret\n")
    for wrong, said in ((other, "holds no key"), (home / "none", "cannot be read")):
        monkeypatch.setenv(encryption.KEY, str(wrong))
        with pytest.raises(KeyMissingError, match=said) as caught:
            profiles.load("robin")
        assert "nothing secret" not in str(caught.value)
    encryption.create(other.with_suffix(".key"))
    monkeypatch.setenv(encryption.KEY, str(other.with_suffix(".key")))
    with pytest.raises(KeyMissingError, match="another key"):
        profiles.load("robin")


@pytest.mark.slow
def test_the_commands_turn_it_on_close_what_is_plain_and_turn_it_off(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = home / "out"
    folder = recorded(out)
    profiles.save(profiles.Profile(name="robin"))
    assert run(["key", "seal", "--out", str(out)]) == 2  # there is no key yet
    assert run(["key", "new", str(home / "me.key")]) == 0
    assert "AGE-SECRET" not in capsys.readouterr().out
    assert run(["key", "seal", "--out", str(out)]) == 0
    assert readable(home) == []
    assert run(["verify", str(folder)]) == 2
    assert "BIOFEEDBACK_KEY" in capsys.readouterr().err
    monkeypatch.setenv(encryption.KEY, str(home / "me.key"))
    assert run(["verify", str(folder)]) == 0
    assert run(["report", str(folder)]) == 0
    assert "key seal" in capsys.readouterr().err
    assert run(["key", "seal", "--out", str(out)]) == 0
    monkeypatch.delenv(encryption.KEY)
    assert run(["sessions", "delete", folder.name, "--out", str(out), "--yes"]) == 0
    assert not folder.exists()
    assert run(["key", "off"]) == 0
    assert not encryption.is_on()


def test_without_the_library_it_is_said_how_to_get_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyrage", None)
    with pytest.raises(ConfigError) as caught:
        encryption.create(home / "me.key")
    assert "biofeedback[encrypt]" in caught.value.hint
    assert not encryption.is_on()


def test_nothing_is_called_whole_or_forgotten_that_cannot_be_read(
    home: Path, key: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = home / "out"
    folder = recorded(out)
    sound_exposure.keep(
        sound_exposure.LevelCalibration(output="audio:", level_dba=60.0, volume=0.5)
    )
    archive.seal(folder)
    monkeypatch.delenv(encryption.KEY)
    zipped = home / "robin.zip"
    for line in (
        ["profile", "forget", "robin", "--yes", "--out", str(out)],
        ["profile", "export", "robin", str(zipped), "--out", str(out)],
        ["sessions", "trends", "robin", "--out", str(out)],
        ["hearing", "show", "--out", str(out), "--profile", "robin"],
    ):
        assert run(line) == 2, line
        assert encryption.KEY in capsys.readouterr().err
    assert folder.is_dir()
    assert not zipped.exists()
    monkeypatch.setenv(encryption.KEY, str(key))
    assert run(["profile", "export", "robin", str(zipped), "--out", str(out)]) == 0
    names = zipfile.ZipFile(zipped).namelist()
    assert f"sessions/{folder.name}/session.jsonl.gz" in names
    assert not any(name.endswith(encryption.SUFFIX) for name in names)
    assert run(["profile", "forget", "robin", "--yes", "--out", str(out)]) == 0
    assert not folder.exists()


def test_a_file_with_both_keys_opens_what_either_closed(
    home: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encryption.write(home / "first", b"one")
    encryption.create(home / "second.key")
    encryption.write(home / "later", b"two")
    both = home / "both.key"
    both.write_text(key.read_text() + (home / "second.key").read_text())
    monkeypatch.setenv(encryption.KEY, str(both))
    assert (encryption.read(home / "first"), encryption.read(home / "later")) == (b"one", b"two")


def test_what_a_power_cut_left_of_a_profile_is_known_as_the_persons(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", cut)
        patched.setattr(Path, "unlink", lambda self, missing_ok=False: None)
        with pytest.raises(KeyboardInterrupt):
            profiles.save(profiles.Profile(name="robin"))
    (left,) = (home / "data").rglob("*.partial")
    assert left in profiles.files("robin")


def test_blocks_of_trials_are_closed_too(home: Path, key: Path) -> None:
    folder = recorded(trials_folder() / "spring" / "sessions")
    assert run(["key", "seal"]) == 0
    assert readable(folder) == []


@pytest.mark.parametrize("spoil", ["other words", "a folder", "nobody may read it"])
def test_a_key_that_cannot_close_is_told_before_the_music(
    home: Path, key: Path, spoil: str, capsys: pytest.CaptureFixture[str]
) -> None:
    recipient = next((home / "data").rglob("recipient.txt"))
    recipient.unlink()
    if spoil == "a folder":
        recipient.mkdir()
    elif spoil == "other words":
        recipient.write_text("age1nobody\n")
    else:
        recipient.symlink_to(recipient.name)
    out = home / "out"
    line = ["run", "-s", "sim:", "--fast", "--duration", "5", "--out", str(out)]
    assert run(line) == 2
    assert "holds no public key" in capsys.readouterr().err
    assert not out.exists()


def test_a_session_that_was_deleted_leaves_the_index_though_others_list_meanwhile(
    home: Path,
) -> None:
    out = home / "out"
    other, mine = recorded(out), recorded(out)
    catalogue(out)
    before = index.load(out)
    removal.remove([mine])
    assert set(index.load(out)) == {other.name}
    index.store(out, before, [])  # as a program does that listed before and is slow
    assert set(index.load(out)) == {other.name}
    assert mine.name.encode() not in (out / INDEX_NAME).read_bytes()


@pytest.mark.slow
def test_an_index_that_another_program_keeps_goes_with_the_sessions(home: Path) -> None:
    out = home / "out"
    mine, other = recorded(out), recorded(out)
    catalogue(out)
    with closing(sqlite3.connect(out / INDEX_NAME)) as held:
        held.execute("BEGIN IMMEDIATE")
        removal.remove([mine])
    assert readable(home / "out") == [
        str(path) for path in other.iterdir() if path.name == LOG_NAME
    ]
    assert [entry.folder for entry in catalogue(out)[0]] == [other]
