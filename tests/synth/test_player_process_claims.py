"""A player's process by hand: what it is told and tells, on a wire and a clock of a test's own."""

import json
import signal
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest

from synth.errors import OutputLost, OutputUnavailable
from synth.events import Cancel, Note
from synth.output import NoteOff, NoteOn
from synth.outputs.midi_jack import MidiJackOutput
from synth.outputs.midi_map import MidiMap
from synth.outputs.midi_port import MidiPortOutput
from synth.outputs.null import NullOutput
from synth.outputs.osc import OscOutput
from synth.outputs.pyo_live import PyoOutput
from synth.outputs.soundfont import SoundfontOutput
from synth.outputs.uri import OutputSpec
from synth.params import Layer, MusicParams
from synth.player import process, protocol
from synth.tempo_map import TempoSegment

STARTED_S = 100.0  #: the system's clock at session time 0
PLAYS = "own_output:make"


class Clock:
    """Moves on by a hundredth of a millisecond whenever it is looked at."""

    def __init__(self) -> None:
        self.now_s = STARTED_S

    def __call__(self) -> float:
        self.now_s += 1e-5
        return self.now_s


class Wire:
    """Brings what was written down for a session time, then the end; keeps what it is told."""

    def __init__(self, clock: Clock, script: list[tuple[float, bytes]]) -> None:
        self.clock, self.script = clock, [(STARTED_S + at_s, data) for at_s, data in script]
        self.told: list[dict] = []
        self.waits_s: list[float] = []

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def read(self, wait_s: float) -> bytes | None:
        self.waits_s.append(wait_s)
        until_s = self.clock.now_s + max(0.0, wait_s)
        if self.script and self.script[0][0] <= until_s:
            at_s, data = self.script.pop(0)
            self.clock.now_s = max(self.clock.now_s, at_s)
            return data
        self.clock.now_s = until_s
        return None

    def offer(self, data: bytes) -> None:
        self.told.append(json.loads(data))

    def of_kind(self, kind: str) -> list[dict]:
        return [message for message in self.told if message["kind"] == kind]


class Own(NullOutput):
    """An output that writes down all that is asked of it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.calls: list[tuple[str, object]] = []
        self.checked_s: list[float] = []
        self.fails: Exception | None = None

    def open(self, t0_s: float) -> None:
        self.calls.append(("open", t0_s))

    def send(self, event: NoteOn | NoteOff, due_s: float) -> None:
        if self.fails:
            raise self.fails
        super().send(event, self.clock.now_s - STARTED_S)

    def set_params(self, params: MusicParams) -> None:
        self.calls.append(("params", params))

    def set_volume(self, gain: float) -> None:
        self.calls.append(("volume", gain))

    def set_signals(self, values: dict[str, float]) -> None:
        if "pacer" not in values:
            self.calls.append(("signals", dict(values)))

    def check(self) -> None:
        self.checked_s.append(self.clock.now_s - STARTED_S)

    def close(self) -> None:
        self.calls.append(("close", self.panics))

    def health(self) -> dict[str, float]:
        return {"own": 7.0}


class Stage:
    """A process that plays to an output of a test's own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, rights: str = "fifo") -> None:
        self.clock = Clock()
        self.output = Own(self.clock)
        self.wire = Wire(self.clock, [])
        self.handlers: list[tuple[int, object]] = []
        module = ModuleType("own_output")
        module.make = self.make  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "own_output", module)
        monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=self.clock))
        monkeypatch.setattr(process, "become_punctual", lambda: rights)
        monkeypatch.setattr(signal, "signal", lambda *pair: self.handlers.append(pair))
        monkeypatch.setattr(process, "ChildEnd", lambda: self.wire)

    def make(self, target: str) -> Own:
        if target == "wrong":
            raise RuntimeError("nobody is there")
        self.output.calls.append(("made", target))
        return self.output

    def play(self, *script: tuple[float, bytes], until_s: float, uri: str = "own:here") -> int:
        made_by = PLAYS if uri.startswith("own:") else ""
        opened = protocol.open_output(uri, STARTED_S, None, made_by)
        self.wire.script = [
            (STARTED_S + at_s, data) for at_s, data in ((0.0, opened), *script, (until_s, b""))
        ]
        return process.main()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def note(k: int, beat: float, beats: float = 0.5) -> Note:
    return Note(k, beat, beats, 60, 80, Layer.MELODY)


TEMPO = protocol.tempo(TempoSegment(0.0, 0.0, 60.0))


def test_notes_go_out_when_they_are_due_to_a_tenth_of_a_millisecond(stage: Stage) -> None:
    notes = protocol.notes([note(1, 1.0), note(2, 2.25)])
    assert stage.play((0.1, TEMPO), (0.1, notes), until_s=3.0) == 0
    times = [due_s for due_s, _ in stage.output.sent]
    assert times == pytest.approx([1.0, 1.5, 2.25, 2.75], abs=1e-4)
    assert all(sent >= due for sent, due in zip(times, [1.0, 1.5, 2.25, 2.75], strict=True))
    assert stage.output.calls[:2] == [("made", "here"), ("open", STARTED_S)]
    (ready,) = stage.wire.of_kind("ready")
    assert (ready["rights"], ready["lookahead_s"]) == ("fifo", 0.0)


def test_it_reports_each_second_what_it_sent_and_how_late(stage: Stage) -> None:
    notes = protocol.notes(note(k, k / 8, 0.05) for k in range(1, 20))
    stage.play((0.0, TEMPO), (0.05, notes + b"nonsense\n"), until_s=3.5)
    first, second, third = stage.wire.of_kind("report")
    assert [report["sent"] for report in (first, second, third)] == [15, 31, 38]
    assert (first["broken"], first["dropped"], first["own"], first["rights"]) == (1, 0, 7.0, "fifo")
    assert 0.0 <= first["late_p50_ms"] <= first["late_p99_ms"] <= first["late_max_ms"] < 0.1
    assert first["late_max_ms"] > 0.0
    stage.output.sent.clear()


def test_what_is_late_is_told_as_median_99th_percentile_and_most(stage: Stage) -> None:
    player = process._Player(stage.wire)  # type: ignore[arg-type]
    scheduler = SimpleNamespace(lateness_s=[k / 1000 for k in range(101)], sent=5, dropped=1)
    player._report(scheduler, stage.output)  # type: ignore[arg-type]
    (report,) = stage.wire.told
    late = [report[f"late_{name}_ms"] for name in ("p50", "p99", "max")]
    assert late == pytest.approx([50.0, 99.0, 100.0])
    assert scheduler.lateness_s == []
    player._report(scheduler, stage.output)  # type: ignore[arg-type]
    assert stage.wire.told[1]["late_max_ms"] == 0.0


def test_each_message_reaches_the_output(stage: Stage) -> None:
    params = MusicParams(tempo_bpm=72.0)
    stage.play(
        (0.1, protocol.params(params)), (0.2, protocol.volume(0.25)),
        (0.3, protocol.signals({"arousal": 0.5})), until_s=0.5,
    )  # fmt: skip
    assert stage.output.calls[2:] == [
        ("params", params), ("volume", 0.25), ("signals", {"arousal": 0.5}), ("close", 1),
    ]  # fmt: skip


def test_what_is_withdrawn_is_not_played(stage: Stage) -> None:
    notes = protocol.notes([note(1, 1.0), note(2, 2.0)])
    stage.play((0.0, TEMPO), (0.1, notes), (1.2, protocol.cancel(Cancel(2.0))), until_s=3.0)
    assert [event.note_id for _, event in stage.output.sent] == [1, 1]


def test_a_panic_is_done_and_then_said_to_be_done(stage: Stage) -> None:
    notes = protocol.notes([note(1, 1.0, 4.0), note(2, 2.0)])
    stage.play((0.0, TEMPO), (0.1, notes), (1.5, protocol.line("panic")), until_s=3.0)
    assert len(stage.wire.of_kind("silent")) == 1
    assert [type(event) for _, event in stage.output.sent] == [NoteOn, NoteOff]
    assert stage.output.panics == 2  # and once more at the end


@pytest.mark.parametrize("end", [b"", protocol.line("close")])
def test_however_it_is_asked_to_end_it_falls_silent_first(stage: Stage, end: bytes) -> None:
    notes = protocol.notes([note(1, 1.0, 8.0)])
    assert stage.play((0.0, TEMPO), (0.1, notes), (1.5, end), until_s=9.0) == 0
    assert [type(event) for _, event in stage.output.sent] == [NoteOn, NoteOff]
    assert stage.output.sent[1][0] == pytest.approx(1.5, abs=1e-3)
    assert stage.output.calls[-1] == ("close", 1)


def test_a_signal_ends_it_and_none_comes_between_while_it_falls_silent(stage: Stage) -> None:
    stage.play(until_s=0.1)
    assert stage.handlers[0] == (signal.SIGINT, signal.SIG_IGN)
    assert (signal.SIGTERM, process._end) in stage.handlers[1:3]
    assert (signal.SIGTERM, signal.SIG_IGN) in stage.handlers[-2:]
    with pytest.raises(process._Ended):
        process._end(15, None)


@pytest.mark.parametrize(
    ("uri", "said"),
    [("own:wrong", "RuntimeError: nobody is there"), ("wav:a.wav", "written after the session")],
)
def test_what_cannot_be_opened_is_told_with_its_kind(stage: Stage, uri: str, said: str) -> None:
    assert stage.play(until_s=1.0, uri=uri) == 1
    (error,) = stage.wire.of_kind("error")
    assert said in error["message"]
    assert error["type"] == "OutputUnavailable"
    assert stage.wire.of_kind("ready") == []


def test_an_added_output_that_fails_is_told_and_silenced(stage: Stage) -> None:
    stage.output.fails = KeyError("lamp")
    code = stage.play((0.0, TEMPO), (0.1, protocol.notes([note(1, 1.0)])), until_s=3.0)
    assert code == 1
    (error,) = stage.wire.of_kind("error")
    assert error["message"] == "the output failed: KeyError: 'lamp'"
    assert "type" not in error
    assert stage.output.calls[-1][0] == "close"


def test_one_of_ours_that_fails_with_no_error_of_ours_is_a_bug(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "build", lambda spec, midi_map: stage.output)
    stage.output.fails = KeyError("ours")
    with pytest.raises(KeyError, match="ours"):
        stage.play((0.0, TEMPO), (0.1, protocol.notes([note(1, 1.0)])), until_s=3.0, uri="null:")
    assert stage.output.calls[-1][0] == "close"


def test_an_output_that_is_lost_is_told_and_closed_all_the_same(stage: Stage) -> None:
    stage.output.fails = OutputLost("the port has gone")
    assert stage.play((0.0, TEMPO), (0.1, protocol.notes([note(1, 1.0)])), until_s=3.0) == 1
    assert stage.wire.of_kind("error")[0]["type"] == "OutputLost"
    assert stage.output.calls[-1][0] == "close"


def test_it_is_looked_at_each_second_but_not_just_before_a_note(stage: Stage) -> None:
    stage.play(until_s=4.2)
    assert stage.output.checked_s == pytest.approx([1.0, 2.0, 3.0, 4.0], abs=0.3)
    stage.output.checked_s.clear()
    dense = protocol.notes(note(k, k / 80, 0.5 / 80) for k in range(600))
    stage.play((0.0, TEMPO), (0.0, dense), until_s=7.0)
    assert stage.output.checked_s[0] == pytest.approx(stage.clock.now_s - STARTED_S, abs=8.0)
    assert min(stage.output.checked_s) >= 3.0
    assert len(stage.output.checked_s) <= 3


def waits(stage: Stage, lookahead_s: float = 0.0) -> set[float]:
    stage.output.lookahead_s = lookahead_s
    player = process._Player(stage.wire)  # type: ignore[arg-type]
    found = [player._wait_s()]
    for data in (protocol.open_output("own:here", STARTED_S, None, PLAYS), TEMPO):
        for message in protocol.LineReader().feed(data):
            player._handle(message)
    found.append(player._wait_s())
    for message in protocol.LineReader().feed(protocol.notes([note(1, 0.1)])):
        player._handle(message)
    return {*found, round(player._wait_s(), 4)}


@pytest.mark.parametrize(
    ("rights", "before_s"),
    [("fifo", 0.001), ("rtkit", 0.001), ("nice", 0.00025), ("normal", 0.00025),
     ("short slices", 0.0)],
)  # fmt: skip
def test_it_wakes_up_before_a_note_by_as_much_as_it_may_spin(
    monkeypatch: pytest.MonkeyPatch, rights: str, before_s: float
) -> None:
    (idle_s, until_s) = sorted(waits(Stage(monkeypatch, rights)), reverse=True)
    assert idle_s == 0.25
    assert until_s == pytest.approx(0.1 - before_s, abs=1.01e-4)


@pytest.mark.parametrize(("uri", "told"), [("midi:Synth?clock", True), ("midi:Synth", False),
                                           ("osc:9", True)])  # fmt: skip
def test_a_clock_is_told_where_it_was_asked_for_and_over_osc(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, uri: str, told: bool
) -> None:
    pulses: list[str] = []
    stage.output.pulse = lambda pulse, due_s: pulses.append(pulse.what)  # type: ignore[attr-defined]
    monkeypatch.setattr(process, "build", lambda spec, midi_map: stage.output)
    stage.play((0.0, TEMPO), (0.0, protocol.notes([note(1, 1.0)])), until_s=6.0, uri=uri)
    assert ("tick" in pulses) == told
    assert pulses[-1:] == ["stop"] * told


def test_an_output_that_looks_ahead_is_served_in_coarse_steps(stage: Stage) -> None:
    assert waits(stage, 0.2) == {0.25, 0.004}
    assert sorted(waits(stage, 0.02)) == pytest.approx([0.08, 0.25], abs=1e-3)


@pytest.mark.parametrize(
    ("uri", "kind", "more"),
    [
        ("audio:", PyoOutput, {}),
        ("midi:Synth", MidiPortOutput, {"_name": "Synth", "_virtual": False}),
        ("midi-virtual:Us", MidiPortOutput, {"_name": "Us", "_virtual": True}),
        ("midi-jack:Us?connect=a", MidiJackOutput, {"_name": "Us", "_connect": "a"}),
        ("soundfont:a.sf2", SoundfontOutput, {}),
        ("osc:9000", OscOutput, {}),
        ("null:", NullOutput, {}),
    ],
)
def test_a_uri_becomes_its_output(uri: str, kind: type, more: dict[str, object]) -> None:
    midi_map = MidiMap()
    made = process.build(OutputSpec.parse(uri), midi_map)
    assert type(made) is kind
    assert {name: getattr(made, name) for name in more} == more
    if kind in (MidiPortOutput, MidiJackOutput):
        assert made._messages._map is midi_map


def test_what_others_add_is_called_with_what_stands_behind_the_colon(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert process.added("there", PLAYS) is stage.output
    assert stage.output.calls == [("made", "there")]
    for made_by in ("nowhere:make", "own_output:nothing"):
        with pytest.raises(OutputUnavailable, match=f"the output {made_by} cannot be made"):
            process.added("there", made_by)
    refuses = ModuleType("refuses")

    def refuse(target: str) -> Callable[[], None]:
        raise OutputUnavailable("not today", hint="tomorrow")

    refuses.make = refuse  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "refuses", refuses)
    with pytest.raises(OutputUnavailable, match="not today"):
        process.added("there", "refuses:make")
