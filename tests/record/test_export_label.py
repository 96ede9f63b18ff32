"""Whose an export is: two people are never made one, and a label stands in for a pseudonym."""

import csv
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from replayed_session import replayed, rr_text

from biofeedback.cli.app import run
from biofeedback.record.line import encode
from biofeedback.record.reader import LOG_NAME, read_header

Made = Callable[[str | None, int], str]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    folder = tmp_path_factory.mktemp("log")
    session = replayed(folder, rr_text(folder / "rr.txt", 20.0))
    return session, (session / LOG_NAME).read_bytes().splitlines(keepends=True)


@pytest.fixture
def made(log: tuple[Path, list[bytes]], tmp_path: Path) -> Made:
    """Return a maker of sessions of somebody that began at a second of a certain minute."""

    def make(profile: str | None, second: int) -> str:
        folder = tmp_path / f"{profile}-{second}"
        folder.mkdir()
        header = msgspec.structs.replace(
            read_header(log[0]), profile=profile, started_utc=f"2026-03-01T10:00:{second:02d}+00:00"
        )
        (folder / LOG_NAME).write_bytes(encode(header) + b"\n" + b"".join(log[1][1:]))
        return str(folder)

    return make


def people(dataset: Path) -> dict[str, str]:
    with (dataset / "participants.tsv").open(newline="") as file:
        return {r["participant_id"]: r["profile"] for r in csv.DictReader(file, delimiter="\t")}


def visits(dataset: Path) -> list[str]:
    return sorted(str(path.relative_to(dataset)) for path in dataset.glob("sub-*/ses-*"))


def test_sessions_of_nobody_are_a_participant_each_and_the_same_one_when_written_anew(
    made: Made, tmp_path: Path
) -> None:
    out, first, second = tmp_path / "bids", made(None, 1), made(None, 2)
    assert run(["export", first, second, str(out), "--to", "bids"]) == 0
    assert run(["export", first, str(out), "--to", "bids", "--force"]) == 0
    assert people(out) == {"sub-anonymous": "n/a", "sub-anonymous2": "n/a"}
    assert visits(out) == [
        "sub-anonymous/ses-20260301T100001Z", "sub-anonymous2/ses-20260301T100002Z"
    ]  # fmt: skip


def test_names_that_differ_in_what_a_label_leaves_out_stay_apart(
    made: Made, tmp_path: Path
) -> None:
    out = tmp_path / "bids"
    sessions = [made("jo-an", 1), made("joan", 2), made("JOAN", 3)]
    assert run(["export", *sessions, str(out), "--to", "bids"]) == 0
    assert sorted(people(out).values()) == ["JOAN", "jo-an", "joan"]
    assert len({name.casefold() for name in people(out)}) == 3


def test_a_subject_stands_in_place_of_the_pseudonym_everywhere(made: Made, tmp_path: Path) -> None:
    session = made("robin", 1)
    for form in ("bids", "csv", "edf", "xdf", "rr", "midi"):
        out = tmp_path / form
        out.mkdir()
        label = ["--subject", "sub-07", "--session", "02"]
        assert run(["export", session, str(out), "--to", form, *label]) == 0, form
        written = [path for path in out.rglob("*") if path.is_file()]
        assert not [p for p in written if b"robin" in p.read_bytes() or "robin" in str(p.name)]
    assert visits(tmp_path / "bids") == ["sub-07/ses-02"]
    assert people(tmp_path / "bids") == {"sub-07": "n/a"}
    assert (tmp_path / "edf" / "sub-07_ses-02.edf").read_bytes()[8:12] == b"07 X"


def test_one_subject_is_refused_for_two_people(made: Made, tmp_path: Path) -> None:
    robin, kim, out = made("robin", 1), made("kim", 2), str(tmp_path / "out")
    assert run(["export", robin, kim, out, "--to", "csv", "--subject", "07"]) == 2
    assert run(["export", robin, kim, out, "--to", "csv", "--session", "1"]) == 2
    assert not Path(out).exists()
    assert run(["export", robin, out, "--to", "bids"]) == 0
    assert run(["export", kim, out, "--to", "bids", "--subject", "robin"]) == 2
    assert people(Path(out)) == {"sub-robin": "robin"}


def test_a_visit_that_is_named_is_not_written_over_another(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, label = str(tmp_path / "bids"), ["--to", "bids", "--subject", "7", "--session", "1"]
    assert run(["export", made("robin", 1), out, *label]) == 0
    assert run(["export", made("robin", 2), out, *label, "--force"]) == 2
    assert "another session" in capsys.readouterr().err
    assert run(["export", made("robin", 3), out, "--to", "bids", "--subject", "a b"]) == 2
