"""Verify must notice any change to a log, and say where it is."""

import re
from pathlib import Path

import pytest
from rigs.sessions import nothing_to_watch

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.cli.app import run
from biofeedback.common.errors import LogError
from biofeedback.config.loader import load
from biofeedback.engine.digest import code_digest
from biofeedback.record.line import sealed
from biofeedback.record.reader import LOG_NAME, read
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    plan = SessionPlan(
        config=load(), sensors=("sim:",), out=tmp_path_factory.mktemp("out"), duration_s=60.0
    )
    return (SessionRunner(plan).run(nothing_to_watch).folder / LOG_NAME).read_bytes()


def check(tmp_path: Path, log: bytes) -> tuple[str, str]:
    path = tmp_path / LOG_NAME
    path.write_bytes(log)
    difference = verify(path, core_of).difference
    assert difference is not None
    return difference.kind, difference.field


@pytest.mark.parametrize(
    ("kind", "pattern", "replacement", "field"),
    [
        ("note", rb'"pitch":\d+', rb'"pitch":1', "pitch"),
        ("state", rb'"arousal":0\.(\d)', rb'"arousal":0.1\1', "arousal"),
        ("decision", rb'"why":"', rb'"why":"Perhaps ', "why"),
        ("reading", rb'"bpm",', rb'"bpm",1', "readings"),
    ],
)
def test_an_edited_derived_line_is_named_with_its_field(
    tmp_path: Path, log: bytes, kind: str, pattern: bytes, replacement: bytes, field: str
) -> None:
    lines = log.splitlines(keepends=True)
    place = [k for k, line in enumerate(lines) if f'"kind":"{kind}"'.encode() in line][5]
    lines[place] = re.sub(pattern, replacement, lines[place], count=1)
    assert check(tmp_path, b"".join(lines)) == (kind, field)


def test_a_removed_line_is_noticed_by_its_number(tmp_path: Path, log: bytes) -> None:
    lines = log.splitlines(keepends=True)
    del lines[300]
    assert check(tmp_path, b"".join(lines))[1] == "seq"


def test_an_edited_input_is_named_itself(tmp_path: Path, log: bytes) -> None:
    lines = log.splitlines(keepends=True)
    place = [k for k, line in enumerate(lines) if b'"signal":"rr"' in line][10]
    lines[place] = re.sub(rb'"values":\[0\.\d+', rb'"values":[0.5', lines[place])
    assert check(tmp_path, b"".join(lines))[0] == "chunk"


def test_a_log_cut_anywhere_is_verified_up_to_its_last_complete_line(
    tmp_path: Path, log: bytes
) -> None:
    path = tmp_path / LOG_NAME
    for share in (0.2, 0.5, 0.83, 0.999):
        cut = log[: int(len(log) * share)]
        path.write_bytes(cut)
        verdict = verify(path, core_of)
        assert verdict.difference is None
        assert not verdict.complete
        assert len(list(read(path))) == cut.count(b"\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"hello\n", "line 1"),
        (b'{"kind":"tick","t":0.0,"seq":0,"index":0}\n', "header"),
    ],
)
def test_what_is_no_session_log_is_refused_in_one_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / LOG_NAME
    path.write_bytes(content)
    with pytest.raises(LogError, match=message) as caught:
        verify(path, core_of)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_sessions_of_all_strategies_styles_and_bodies_regenerate(tmp_path: Path, seed: int) -> None:
    strategy = ("mirror", "lead", "breathe", "fixed")[seed % 4]
    style = ("ambient", "chamber", "drone_breath", "lofi", "piano", "pulse")[seed % 6]
    sensor = ("sim:", "sim:listener", "sim:stress")[seed % 3]
    plan = SessionPlan(
        config=load(settings=[f"control.strategy={strategy}", f"music.style={style}"]),
        sensors=(sensor,), out=tmp_path, duration_s=25.0, seed=seed,
    )  # fmt: skip
    verdict = verify(SessionRunner(plan).run(nothing_to_watch).folder, core_of)
    assert verdict.difference is None
    assert verdict.complete
    assert verdict.lost is None
    assert verdict.derived > 100


def of_other_code(log: bytes) -> bytes:
    header, _, rest = log.partition(b"\n")
    header = re.sub(rb'"code":"\w+"', b'"code":"0123456789abcdef"', header)
    return sealed(header.rpartition(b',"crc"')[0] + b"}") + b"\n" + rest


def test_other_code_is_told_from_a_changed_log(tmp_path: Path, log: bytes) -> None:
    path = tmp_path / LOG_NAME
    path.write_bytes(of_other_code(log))
    verdict = verify(path, core_of, code=code_digest())
    assert verdict.other_code
    assert verdict.difference is None
    assert not verdict.explained
    path.write_bytes(of_other_code(log).replace(b'"why":"', b'"why":"Perhaps '))
    assert verify(path, core_of, code=code_digest()).explained
    path.write_bytes(of_other_code(log).replace(b'"signal":"rr"', b'"signal":"hr"'))
    assert not verify(path, core_of, code=code_digest()).explained
    path.write_bytes(log.replace(b'"why":"', b'"why":"Perhaps '))
    assert not verify(path, core_of, code=code_digest()).explained


def of_another_processor(log: bytes) -> bytes:
    header, _, rest = log.partition(b"\n")
    header = re.sub(rb'"model":"[^"]*"', b'"model":"Another"', header)
    return sealed(header.rpartition(b',"crc"')[0] + b"}") + b"\n" + rest


def test_a_log_of_another_processor_is_proved_here(tmp_path: Path, log: bytes) -> None:
    path = tmp_path / LOG_NAME
    path.write_bytes(of_another_processor(log))
    verdict = verify(path, core_of, code=code_digest())
    assert verdict.identical
    assert verdict.processor is not None
    there, here = verdict.processor
    assert there.startswith("Another (")
    assert here != there


def test_another_processor_explains_a_difference_but_no_broken_seal(
    tmp_path: Path, log: bytes
) -> None:
    path = tmp_path / LOG_NAME
    moved = of_another_processor(log)
    path.write_bytes(moved.replace(b'"why":"', b'"why":"Perhaps '))
    assert verify(path, core_of, code=code_digest()).explained
    path.write_bytes(moved.replace(b'"signal":"rr"', b'"signal":"hr"'))
    assert not verify(path, core_of, code=code_digest()).explained


def test_the_command_names_both_processors_where_that_may_be_why(
    tmp_path: Path, log: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = of_another_processor(log)
    (tmp_path / LOG_NAME).write_bytes(moved)
    assert run(["verify", str(tmp_path)]) == 0
    assert "processor" not in capsys.readouterr().err
    (tmp_path / LOG_NAME).write_bytes(moved.replace(b'"why":"', b'"why":"Perhaps '))
    assert run(["verify", str(tmp_path)]) == 3
    assert "logged on another processor: Another" in " ".join(capsys.readouterr().err.split())


def test_a_log_of_other_code_whose_lines_are_none_of_ours_is_not_verified(
    tmp_path: Path, log: bytes
) -> None:
    path = tmp_path / LOG_NAME
    path.write_bytes(of_other_code(log).replace(b'"kind":"tick"', b'"kind":"tock"'))
    verdict = verify(path, core_of, code=code_digest())
    assert "tock" in verdict.foreign
    assert verdict.explained
