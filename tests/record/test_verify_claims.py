"""What verify says of a log, line by line, over a core whose every answer is known."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest

from biofeedback.common.errors import LogError
from biofeedback.engine.events import WindowRequest
from biofeedback.engine.inputs import Input, Tick
from biofeedback.metrics.windowed import Window, compute
from biofeedback.record import lines
from biofeedback.record.inputs import input_line
from biofeedback.record.line import encode, sealed
from biofeedback.record.reader import LOG_NAME
from biofeedback.record.verify import Difference, Verification, verify
from synth.tempo_map import TempoSegment

#: Two minutes and a half of a heart that breathes 15 times a minute: enough for a spectrum.
RR_MS = tuple(800.0 + 40.0 * ((-1) ** (k // 2)) for k in range(190))
WINDOW = Window(0.0, 152.0, tuple(0.8 * k for k in range(190)), RR_MS, (True,) * 190)


class Ticking:
    """Answers tick k with a tempo at beat k, and tick 2 with a wish for the worker as well."""

    def feed(self, seq: int, time_s: float, item: Input) -> list[TempoSegment | WindowRequest]:
        if not isinstance(item, Tick):
            return []
        derived: list[TempoSegment | WindowRequest] = [
            TempoSegment(time_s, float(item.index), 60.0)
        ]
        if item.index == 2:
            derived.append(WindowRequest(WINDOW, 1, 3))
        return derived


def header(schema: int = lines.SCHEMA, **fields: object) -> lines.HeaderLine:
    known = {"versions": {}, "platform": "Linux", "started_utc": "2026-01-01T00:00:00+00:00",
             "seed": 1, "mode": "virtual", "sensors": [], "outputs": [], "profile": None,
             "simulated": True, "baseline": msgspec.Raw(b"null"), "config": msgspec.Raw(b"{}"),
             "code": "c0de"}  # fmt: skip
    return lines.HeaderLine(t=0.0, seq=0, schema=schema, **(known | fields))  # type: ignore[arg-type]


def tick(seq: int, index: int) -> lines.Line:
    return lines.TickLine(t=index / 2, seq=seq, index=index)


def tempo(seq: int, index: int, bpm: float = 60.0) -> lines.Line:
    return lines.TempoLine(t=index / 2, seq=seq, time=index / 2, beat=float(index), bpm=bpm)


def end(seq: int) -> lines.Line:
    return lines.EndLine(t=9.0, seq=seq, reason="stop", counters={})


def log(count: int = 2, first: lines.HeaderLine | None = None, closed: bool = True) -> list[bytes]:
    """Header, then ticks 0 to `count` - 1 with their tempo, then the end."""
    found = [first or header()]
    for index in range(count):
        found += [tick(1 + 2 * index, index), tempo(2 + 2 * index, index)]
    return [encode(line) for line in (*found, *([end(2 * count + 1)] if closed else []))]


def checked(
    tmp_path: Path,
    found: Iterable[bytes],
    code: str = "",
    progress: Callable[[float], None] | None = None,
    build: Callable[[lines.HeaderLine], object] = lambda header: Ticking(),
) -> Verification:
    (tmp_path / LOG_NAME).write_bytes(b"".join(line + b"\n" for line in found))
    return verify(tmp_path, build, progress, code)  # type: ignore[arg-type]


def test_a_log_as_it_was_written_is_identical_and_its_lines_are_counted(tmp_path: Path) -> None:
    verdict = checked(tmp_path, log(2), "c0de")
    assert verdict == Verification(2, 2, True)
    assert verdict.identical
    assert not verdict.explained
    assert not verdict.other_code


def test_a_log_that_was_not_closed_is_not_complete(tmp_path: Path) -> None:
    assert not checked(tmp_path, log(2, closed=False)).complete


def test_an_end_that_is_not_the_last_line_is_none(tmp_path: Path) -> None:
    assert not checked(tmp_path, [*log(1), encode(tick(4, 1))]).complete


def test_a_difference_names_line_field_and_both_values(tmp_path: Path) -> None:
    found = log(2)
    found[4] = encode(tempo(4, 1, bpm=61.0))
    verdict = checked(tmp_path, found)
    assert verdict.difference == Difference("tempo", 4, "bpm", "61.0", "60.0")
    assert not verdict.identical
    assert (verdict.inputs, verdict.derived, verdict.complete) == (2, 1, False)


def test_the_first_of_several_differences_is_told(tmp_path: Path) -> None:
    found = log(2)
    found[2], found[4] = encode(tempo(2, 0, bpm=61.0)), encode(tempo(4, 1, bpm=62.0))
    difference = checked(tmp_path, found).difference
    assert difference is not None
    assert difference.seq == 2


def test_a_line_of_another_kind_is_told_by_its_kind(tmp_path: Path) -> None:
    found = log(1)
    found[2] = encode(lines.CancelLine(t=0.0, seq=2, from_beat=0.0))
    assert checked(tmp_path, found).difference == Difference("cancel", 2, "kind", "cancel", "tempo")


def test_a_field_that_nobody_derives_is_a_difference(tmp_path: Path) -> None:
    found = log(1)
    found[2] = found[2][:-1] + b',"more":1}'
    assert checked(tmp_path, found).difference == Difference("tempo", 2, "more", "1", "None")


def test_equal_values_in_other_bytes_are_a_difference_of_the_whole_line(tmp_path: Path) -> None:
    found = log(1)
    right, found[2] = found[2], found[2].replace(b",", b", ", 1)
    assert checked(tmp_path, found).difference == Difference(
        "tempo", 2, "", found[2].decode(), right.decode()
    )


def test_a_log_of_an_older_schema_is_compared_by_its_values(tmp_path: Path) -> None:
    found = log(1, header(schema=2))
    found[2] = found[2].replace(b",", b", ", 1)
    assert checked(tmp_path, found).identical
    found[2] = encode(tempo(2, 0, bpm=61.0))
    assert checked(tmp_path, found).difference == Difference("tempo", 2, "bpm", "61.0", "60.0")


def test_a_derived_line_that_follows_from_nothing_is_told_whole(tmp_path: Path) -> None:
    found = [*log(1, closed=False), encode(tempo(3, 1))]
    difference = checked(tmp_path, found).difference
    assert difference == Difference("tempo", 3, "", found[3].decode(), "nothing")


def test_a_number_that_is_missing_is_told_with_the_one_expected(tmp_path: Path) -> None:
    found = log(2)
    del found[3]
    assert checked(tmp_path, found).difference == Difference("tempo", 4, "seq", "4", "3")


def test_an_input_that_was_changed_is_told_by_its_checksum(tmp_path: Path) -> None:
    found = log(1)
    found[1] = found[1].replace(b'"index":0', b'"index":7')
    difference = checked(tmp_path, found).difference
    assert difference is not None
    assert (difference.kind, difference.seq, difference.field) == ("tick", 1, "crc")
    bare = found[1].rpartition(b',"crc"')[0] + b"}"
    assert difference.logged == found[1].decode()[-10:-2]
    assert difference.regenerated == sealed(bare).decode()[-10:-2]


@pytest.mark.parametrize(("schema", "identical"), [(1, True), (2, False), (3, False)])
def test_a_line_without_a_checksum_is_from_schema_1_or_changed(
    tmp_path: Path, schema: int, identical: bool
) -> None:
    found = log(1, header(schema=schema))
    found[1] = found[1].rpartition(b',"crc"')[0] + b"}"
    assert checked(tmp_path, found).identical is identical


@pytest.mark.parametrize(("schema", "identical"), [(1, True), (2, False), (3, False)])
def test_a_header_without_a_checksum_is_from_schema_1_or_changed(
    tmp_path: Path, schema: int, identical: bool
) -> None:
    found = log(1, header(schema=schema))
    found[0] = found[0].rpartition(b',"crc"')[0] + b"}"
    assert checked(tmp_path, found).identical is identical


def test_a_wrong_checksum_is_wrong_in_schema_1_too(tmp_path: Path) -> None:
    found = log(1, header(schema=1))
    found[1] = found[1].replace(b'"index":0', b'"index":7')
    difference = checked(tmp_path, found).difference
    assert difference is not None
    assert difference.field == "crc"


def test_a_header_that_was_changed_is_told_before_anything_is_made_of_it(tmp_path: Path) -> None:
    def refuse(_: lines.HeaderLine) -> object:
        raise AssertionError

    found = log(1)
    found[0] = found[0].replace(b'"seed":1', b'"seed":2').replace(b'"seq":0', b'"seq":5')
    verdict = checked(tmp_path, found, build=refuse)
    assert verdict.difference is not None
    assert (verdict.difference.kind, verdict.difference.seq) == ("header", 0)
    assert verdict.difference.field == "crc"
    assert (verdict.inputs, verdict.derived, verdict.complete) == (0, 0, False)


def test_proof_ends_at_a_hole_that_a_full_disk_left(tmp_path: Path) -> None:
    lost = lines.LostLine(t=0.5, seq=3, first=3, last=8)
    found = [*log(1, closed=False), encode(lost), encode(end(9))]
    verdict = checked(tmp_path, found)
    assert verdict.lost == lost
    assert verdict.identical
    assert not verdict.complete
    assert (verdict.inputs, verdict.derived) == (1, 1)


def test_progress_is_the_share_of_the_bytes_that_are_done(tmp_path: Path) -> None:
    told: list[float] = []
    found = log(2)
    checked(tmp_path, found, progress=told.append)
    whole = sum(len(line) + 1 for line in found)
    done = [sum(len(line) + 1 for line in found[: k + 1]) / whole for k in range(len(found))]
    assert told == done
    assert told[-1] == 1.0


def test_what_a_log_was_made_with_is_compared_with_what_is_installed(tmp_path: Path) -> None:
    made = {"numpy": "0.1", "python": "2.7", "no such thing": "1", "msgspec": version("msgspec")}
    assert checked(tmp_path, log(1, header(versions=made))).versions == {
        "numpy": ("0.1", version("numpy")),
        "python": ("2.7", platform.python_version()),
        "no such thing": ("1", "not installed"),
    }
    same = {"python": platform.python_version()}
    assert checked(tmp_path, log(1, header(versions=same))).versions == {}


@pytest.mark.parametrize(("code", "other"), [("", False), ("c0de", False), ("abcd", True)])
def test_other_code_is_told_where_the_code_at_hand_is_named(
    tmp_path: Path, code: str, other: bool
) -> None:
    assert checked(tmp_path, log(1), code).other_code is other


def not_known(_: lines.HeaderLine) -> object:
    raise LogError("a style that nobody knows")


def test_a_config_that_only_other_code_knows_is_foreign_and_nothing_is_proved(
    tmp_path: Path,
) -> None:
    first = header(versions={"numpy": "0.1"})
    verdict = checked(tmp_path, log(1, first), "abcd", build=not_known)
    assert verdict == Verification(
        0, 0, False, versions={"numpy": ("0.1", version("numpy"))},
        other_code=True, foreign="a style that nobody knows",
    )  # fmt: skip
    assert verdict.explained
    assert not verdict.identical


def test_a_config_that_its_own_code_does_not_know_is_a_fault_of_the_log(tmp_path: Path) -> None:
    for code in ("", "c0de"):
        with pytest.raises(LogError, match="nobody knows"):
            checked(tmp_path, log(1), code, build=not_known)


def test_a_config_with_a_field_that_nobody_knows_names_the_session(tmp_path: Path) -> None:
    def decode(_: lines.HeaderLine) -> object:
        return msgspec.json.decode(b'"x"', type=int)

    with pytest.raises(LogError, match="Expected `int`") as caught:
        checked(tmp_path, log(1), build=decode)
    assert str(tmp_path) in str(caught.value)
    assert "its header names" in caught.value.hint


def test_a_log_without_one_whole_line_is_empty(tmp_path: Path) -> None:
    (tmp_path / LOG_NAME).write_bytes(b'{"kind":')
    with pytest.raises(LogError, match=f"{LOG_NAME} is empty|is empty") as caught:
        verify(tmp_path, lambda header: Ticking())  # type: ignore[arg-type,return-value]
    assert str(tmp_path) in str(caught.value)
    assert caught.value.hint == "The session never began."


DIFFERENT = Difference("state", 9, "arousal", "0.5", "0.4")
RENUMBERED = Difference("state", 9, "seq", "9", "8")
RESEALED = Difference("tick", 9, "crc", "0", "1")


@pytest.mark.parametrize("field", ["versions", "other_code"])
def test_only_what_code_derives_can_differ_because_of_other_code(field: str) -> None:
    elsewhere = {"versions": {"numpy": ("1", "2")}, "other_code": True}[field]
    for difference, explained in ((DIFFERENT, True), (RENUMBERED, False), (RESEALED, False)):
        told = Verification(1, 1, True, difference, **{field: elsewhere})  # type: ignore[arg-type]
        assert told.explained is explained
        assert not told.identical
    assert not Verification(1, 1, True, **{field: elsewhere}).explained  # type: ignore[arg-type]
    assert not Verification(1, 1, True, DIFFERENT).explained


def with_result(result: object, from_seq: int = 1, to_seq: int = 3) -> list[bytes]:
    """Ticks 0 to 2, of which the last one asks the worker, and what the worker answered."""
    found = log(3, closed=False)
    request = lines.WindowLine(t=1.0, seq=7, start=0.0, end=152.0, from_seq=1, to_seq=3)
    answer = lines.WorkerLine(
        t=2.0, seq=8, from_seq=from_seq, to_seq=to_seq,
        result=msgspec.Raw(msgspec.json.encode(result)),
    )  # fmt: skip
    return [*found, encode(request), encode(answer)]


COMPUTED = compute(WINDOW)


def test_what_the_worker_computed_is_computed_again(tmp_path: Path) -> None:
    assert COMPUTED.hf_ms2 is not None
    verdict = checked(tmp_path, with_result(COMPUTED))
    assert verdict.identical
    assert (verdict.inputs, verdict.derived) == (4, 4)


@pytest.mark.parametrize(("off", "same"), [(5e-10, True), (-5e-10, True), (2e-9, False),
                                           (-2e-9, False), (1e-6, False)])  # fmt: skip
def test_another_machine_may_round_a_worker_result_by_a_billionth_and_no_more(
    tmp_path: Path, off: float, same: bool
) -> None:
    assert COMPUTED.hf_ms2 is not None
    told = msgspec.structs.replace(COMPUTED, hf_ms2=COMPUTED.hf_ms2 * (1.0 + off))
    difference = checked(tmp_path, with_result(told)).difference
    if same:
        assert difference is None
        return
    assert difference is not None
    assert (difference.kind, difference.seq, difference.field) == ("worker", 8, "result.hf_ms2")
    assert difference.logged == str(msgspec.to_builtins(told))
    assert difference.regenerated == str(msgspec.to_builtins(COMPUTED))


def test_a_worker_result_with_a_value_too_few_is_a_difference(tmp_path: Path) -> None:
    told = msgspec.structs.replace(COMPUTED, lf_ms2=None)
    difference = checked(tmp_path, with_result(told)).difference
    assert difference is not None
    assert difference.field == "result.lf_ms2"


@pytest.mark.parametrize(("from_seq", "to_seq"), [(2, 3), (1, 2)])
def test_a_worker_result_that_nobody_asked_for_is_told(
    tmp_path: Path, from_seq: int, to_seq: int
) -> None:
    difference = checked(tmp_path, with_result(COMPUTED, from_seq, to_seq)).difference
    assert difference == Difference("worker", 8, "from_seq", str(from_seq), "no such request")


def test_a_request_is_answered_once(tmp_path: Path) -> None:
    found = with_result(COMPUTED)
    again = input_line(9, 3.0, COMPUTED, WindowRequest(WINDOW, 1, 3))
    difference = checked(tmp_path, [*found, encode(again)]).difference
    assert difference == Difference("worker", 9, "from_seq", "1", "no such request")
