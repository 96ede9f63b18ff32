"""A log survives full and slow disks, crashes and age, and says what it lost."""

import dataclasses
import gzip
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import msgspec
import numpy as np
import pytest
from replayed_session import simulated

from biofeedback.cli.app import run
from biofeedback.common.errors import FolderError, LogError
from biofeedback.engine.digest import code_digest
from biofeedback.record import lines
from biofeedback.record.catalogue import catalogue
from biofeedback.record.compress import compress
from biofeedback.record.derived import params_item, params_of
from biofeedback.record.inputs import input_line, input_of
from biofeedback.record.line import encode, sealed
from biofeedback.record.reader import COMPRESSED_NAME, LOG_NAME, log_size, read, read_header
from biofeedback.record.rebuild import core_of
from biofeedback.record.score import score_of
from biofeedback.record.verify import verify
from biofeedback.record.writer import LogWriter
from biofeedback.runtime.sanitizer import Sanitizer
from sensors.signals import Chunk, Signal
from synth.params import MusicParams

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory.mktemp("out"), 30.0)


def tick(seq: int) -> bytes:
    return encode(lines.TickLine(t=seq / 2, seq=seq, index=seq))


FULL_DISK = """
import resource, sys, time
from pathlib import Path
from biofeedback.record.writer import LogWriter

logged = Path(sys.argv[1]).read_bytes().splitlines()
log = LogWriter(Path(sys.argv[2]))
def settle(wanted):
    deadline = time.monotonic() + 20
    while not wanted() and time.monotonic() < deadline:
        time.sleep(0.02)
def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
for line in logged[:200]:
    log.append(line)
settle(lambda: log.path.stat().st_size > 0)
limit(log.path.stat().st_size + 100)  # 100 bytes of room: the next lines do not fit
for line in logged[200:300]:
    log.append(line)
settle(lambda: log.problem)
print(log.problem)
limit(resource.RLIM_INFINITY)
for line in logged[300:]:
    log.append(line)
settle(lambda: log.problem is None)
print(log.problem, log.lines_lost)
log.close()
"""


@pytest.mark.rig
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of file sizes")
def test_a_full_disk_is_told_and_what_it_lost_is_marked(session: Path, tmp_path: Path) -> None:
    log = tmp_path / LOG_NAME
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(session / LOG_NAME), str(log)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    told, then = done.stdout.splitlines()
    assert told.startswith("the session log cannot be written")
    assert then == "None 100"
    (lost,) = [line for _, line in read(log) if isinstance(line, lines.LostLine)]
    assert (lost.seq, lost.first, lost.last) == (200, 200, 299)
    original = (session / LOG_NAME).read_bytes().splitlines()
    kept = log.read_bytes().splitlines()
    assert kept[:200] == original[:200]
    assert kept[201:] == original[300:]
    verdict = verify(log, core_of)
    assert verdict.lost == lost
    assert verdict.difference is None
    assert not verdict.complete


def test_a_disk_that_does_not_answer_fills_no_memory(tmp_path: Path) -> None:
    log = LogWriter(tmp_path / LOG_NAME, waiting_bytes=1000)
    for seq in range(100):
        log.append(tick(seq))
    log.close()
    assert log.lines_lost > 50
    read_back = log.path.read_bytes().splitlines()
    assert b'"kind":"lost"' in read_back[-1]
    assert b'"last":99' in read_back[-1]
    assert len(read_back) - 1 + log.lines_lost == 100


def test_what_the_disk_did_not_take_is_told_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("biofeedback.app.runner.LogWriter", partial(LogWriter, waiting_bytes=2000))
    monkeypatch.setattr("biofeedback.app.postprocess.steps", lambda folder, files: [])
    line = ["run", "-s", "sim:", "--fast", "--duration", "20", "--out", str(tmp_path)]
    assert run(line) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert re.search(r"the disk did not take [1-9]\d* lines of the log", told)
    assert any(isinstance(line, lines.LostLine) for _, line in read(next(tmp_path.iterdir())))


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="cannot be written") as caught:
        LogWriter(tmp_path / "missing" / LOG_NAME)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("schema", "codes"),
    [(1, (3,)), (2, (3,)), (3, (0, 3))],  # 3: other code or other libraries made it
)
def test_a_log_of_other_code_is_no_changed_log(
    schema: int, codes: tuple[int, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", str(FIXTURES / f"schema_{schema}.jsonl")]) in codes
    said = capsys.readouterr()
    assert ("Identical" in said.out) or ("other code" in said.err) or ("logged with" in said.err)


def test_a_config_that_our_own_code_cannot_have_written_is_a_fault_of_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _, rest = (FIXTURES / "schema_3.jsonl").read_bytes().partition(b"\n")
    header = json.loads(first.rpartition(b',"crc"')[0] + b"}")
    header["code"] = code_digest()
    del header["config"]["control"]["breathe"]["patience_s"]  # which nobody writes any more
    header["config"]["control"]["nobody"] = 1
    line = sealed(json.dumps(header, separators=(",", ":")).encode())
    (tmp_path / LOG_NAME).write_bytes(line + b"\n" + rest)
    assert run(["verify", str(tmp_path)]) == 2
    assert "nobody" in capsys.readouterr().err


@pytest.mark.parametrize("schema", range(1, lines.SCHEMA + 1))
def test_a_log_of_each_schema_is_read(schema: int) -> None:
    log = FIXTURES / f"schema_{schema}.jsonl"
    assert read_header(log).schema == schema
    found: dict[type, list[lines.Line]] = {}
    for _, line in read(log):
        found.setdefault(type(line), []).append(line)
    assert {lines.ChunkLine, lines.NoteLine, lines.EndLine} <= set(found)
    reading = found[lines.ReadingLine][-1]
    assert isinstance(reading, lines.ReadingLine)
    assert {item.name: item.unit for item in reading.readings}["heart_rate"] == "bpm"
    decision = found[lines.DecisionLine][-1]
    assert isinstance(decision, lines.DecisionLine)
    assert params_item(params_of(decision.params)) == decision.params
    assert 40 <= decision.params.tempo_bpm <= 160
    assert score_of(log).notes


def test_every_parameter_of_the_music_is_in_a_decision_line() -> None:
    logged = {field.name for field in msgspec.structs.fields(lines.ParamsItem)}
    assert {field.name for field in dataclasses.fields(MusicParams)} <= logged


@pytest.mark.parametrize("start_s", [0.0, 12.345, 3000.1, 8.4e8])
@pytest.mark.parametrize("rate_hz", [51.97, 130.0, 130.013])
def test_even_device_times_are_two_numbers_in_the_log(start_s: float, rate_hz: float) -> None:
    taken_s = start_s - np.arange(72, -1, -1) / rate_hz
    sent = replace(Chunk.regular(Signal.ECG, "strap", 5.0, 130.0, np.zeros(73)),
                   device_times_s=taken_s)  # fmt: skip
    entered = Sanitizer().clean(sent, 0)
    assert isinstance(entered, Chunk)
    assert entered.device_times_s is not None
    assert np.abs(entered.device_times_s - taken_s).max() < 1e-5
    line = input_line(0, 5.0, entered)
    assert b"device_times" not in encode(line)
    assert input_of(line) == entered


def test_uneven_device_times_are_kept_as_they_are() -> None:
    beats = Chunk.events(Signal.RR, "strap", [1.0, 1.9, 2.7], [0.8, 0.9, 0.8], [11.0, 11.9, 12.7])
    assert Sanitizer().clean(beats, 0) == beats
    assert input_of(input_line(0, 5.0, beats)) == beats


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda raw: [*raw[:5], b"{oops", *raw[5:]], "line 6: "),
        (lambda raw: [*raw[:5], raw[0], *raw[5:]], "line 6: a second header"),
        (lambda raw: [raw[0].replace(b'"schema":3', b'"schema":99')], "has schema 99"),
    ],
)
def test_a_spoilt_log_is_refused_in_one_line(
    session: Path, tmp_path: Path, spoil: object, message: str
) -> None:
    log = tmp_path / LOG_NAME
    spoilt = spoil((session / LOG_NAME).read_bytes().splitlines())  # type: ignore[operator]
    log.write_bytes(b"\n".join(spoilt) + b"\n")
    with pytest.raises(LogError, match=message) as caught:
        list(read(log))
    assert "\n" not in str(caught.value)


def test_a_log_that_begins_with_another_line_is_refused(tmp_path: Path) -> None:
    note = {"kind": "note", "id": 0, "beat": 0.0, "beats": 1.0, "pitch": 60, "velocity": 60}
    line = json.dumps({**note, "layer": "pad", "t": 0.0, "seq": 0}, separators=(",", ":"))
    (tmp_path / LOG_NAME).write_text(line + "\n")
    with pytest.raises(LogError, match="does not begin with a header"):
        read_header(tmp_path)


def test_a_folder_without_a_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="no session log"):
        list(read(tmp_path))


def test_a_log_cut_at_any_byte_keeps_every_whole_line(session: Path, tmp_path: Path) -> None:
    whole = (session / LOG_NAME).read_bytes()
    log = tmp_path / LOG_NAME
    rng = Random(1)
    start = whole.index(b"\n") + 1
    for size in [rng.randrange(start, len(whole)) for _ in range(40)]:
        log.write_bytes(whole[:size])
        found = b"".join(raw + b"\n" for raw, _ in read(log))
        assert found == whole[: whole.rfind(b"\n", 0, size) + 1]


@pytest.mark.slow
def test_any_changed_digit_is_named(session: Path, tmp_path: Path) -> None:
    whole = (session / LOG_NAME).read_bytes()
    log = tmp_path / LOG_NAME
    rng = Random(2)
    digits = [place for place, byte in enumerate(whole) if 48 <= byte <= 57]
    for place in rng.sample(digits, 12):
        other = rng.choice([digit for digit in range(48, 58) if digit != whole[place]])
        log.write_bytes(whole[:place] + bytes([other]) + whole[place + 1 :])
        number = whole.count(b"\n", 0, place) + 1
        try:
            difference = verify(log, core_of).difference
        except LogError as error:
            assert f"line {number}" in str(error) or number == 1  # noqa: PT017
            continue
        assert difference is not None
        if difference.field != "seq":
            assert difference.seq == number - 1


def test_other_versions_are_named_beside_the_verdict(session: Path, tmp_path: Path) -> None:
    header, _, others = (session / LOG_NAME).read_bytes().partition(b"\n")
    older = header.replace(b'"numpy":"', b'"numpy":"0.').rpartition(b',"crc"')[0] + b"}"
    log = tmp_path / LOG_NAME
    log.write_bytes(sealed(older) + b"\n" + others)
    verdict = verify(log, core_of)
    assert set(verdict.versions) == {"numpy"}
    assert verify(session, core_of).versions == {}


def test_a_score_leaves_out_what_is_not_heard_where_it_goes(session: Path, tmp_path: Path) -> None:
    wanted = [
        MusicParams(tempo_bpm=60.0 + place, dynamics=dynamics)
        for place, dynamics in enumerate((0.5, 0.5, 0.75, 0.75, 0.5))
    ]
    decisions = [
        encode(
            lines.DecisionLine(
                t=float(seq), seq=seq, strategy="lead", setpoint=None, params=params_item(params),
                why="", numbers={},
            )
        )
        for seq, params in enumerate(wanted, 1)
    ]  # fmt: skip
    header = (session / LOG_NAME).read_bytes().splitlines()[0]
    (tmp_path / LOG_NAME).write_bytes(b"\n".join((header, *decisions, b"")))
    assert score_of(tmp_path).params == tuple(zip((1.0, 2.0, 3.0, 4.0, 5.0), wanted, strict=True))
    heard = score_of(tmp_path, lambda params: params.dynamics).params
    assert [time_s for time_s, _ in heard] == [1.0, 3.0, 5.0]


def test_a_compressed_log_reads_as_the_plain_one(session: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a-session"
    shutil.copytree(session, folder)
    plain = (session / LOG_NAME).read_bytes()
    (packed,) = compress(folder)
    assert packed.name == COMPRESSED_NAME
    assert not (folder / LOG_NAME).exists()
    assert packed.stat().st_size < 0.4 * len(plain)
    assert b"".join(raw + b"\n" for raw, _ in read(folder)) == plain
    assert log_size(folder) == len(plain)
    assert verify(folder, core_of).complete
    ((entry,), problems) = catalogue(tmp_path)
    assert entry.end is not None
    assert not problems
    assert compress(folder) == [packed]


def test_a_compressed_log_that_was_cut_keeps_its_whole_lines(session: Path, tmp_path: Path) -> None:
    plain = (session / LOG_NAME).read_bytes()
    data = gzip.compress(plain, mtime=0)
    log = tmp_path / COMPRESSED_NAME
    log.write_bytes(data[: len(data) // 2])
    found = b"".join(raw + b"\n" for raw, _ in read(log))
    assert found
    assert plain.startswith(found)
