"""What was recorded comes out of each export as it went in, read by programs of others."""

import gzip
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import edfio
import mido
import msgspec
import numpy as np
import pandas as pd
import pytest
import pyxdf
from replayed_session import eda_csv, renumbered, replayed, rr_text, simulated

from biofeedback.cli.app import run
from biofeedback.common.errors import FolderError
from biofeedback.record import export_bids, export_edf, export_parquet, export_rr, export_xdf, lines
from biofeedback.record.inputs import input_line
from biofeedback.record.line import encode
from biofeedback.record.reader import LOG_NAME, read
from biofeedback.record.score import score_of
from biofeedback.record.streams import LoggedStream
from sensors.signals import Chunk, Gap, Signal

VALIDATOR = Path(sys.executable).parent / "bids-validator-deno"


def quiet(share: float) -> None:
    return


def measured(stream: dict) -> np.ndarray:
    """Return the rows of an XDF stream without those that mark a gap."""
    rows = stream["time_series"]
    return rows[np.isfinite(rows).all(axis=1)]


def step_of(signal: edfio.EdfSignal) -> float:
    """Return how far apart two neighbouring numbers of a signal are, as its header tells."""
    return (signal.physical_max - signal.physical_min) / 65_535


def samples(session: Path, signal: str) -> list[float]:
    return [
        float(value)  # type: ignore[arg-type]
        for _, line in read(session)
        if isinstance(line, lines.ChunkLine) and line.signal == signal
        for value in line.values
    ]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("session")
    return replayed(folder, rr_text(folder / "rr.txt"), eda_csv(folder / "eda.csv"))


@pytest.fixture(scope="module")
def dataset(session: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bids") / "dataset"
    folder = tmp_path_factory.mktemp("others")
    for one in (session, simulated(folder, 20.0), simulated(folder, 20.0)):
        export_bids.export(one, out, force=False, progress=quiet)
    return out


@pytest.mark.rig
@pytest.mark.skipif(not VALIDATOR.is_file(), reason="needs bids-validator-deno (Linux x86_64)")
def test_the_validator_accepts_three_sessions_in_one_dataset(dataset: Path) -> None:
    done = subprocess.run(
        [VALIDATOR, str(dataset)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout
    assert len(list(dataset.glob("sub-*/ses-*"))) == 3


@pytest.mark.slow
def test_bids_holds_every_sample_and_every_beat(session: Path, dataset: Path) -> None:
    found = next(dataset.glob("sub-anonymous/**/*recording-eda_physio.tsv.gz"))
    sidecar = json.loads(found.with_suffix("").with_suffix(".json").read_text())
    table = pd.read_csv(found, sep="\t", names=sidecar["Columns"])
    assert table["eda"].tolist() == samples(session, "eda")
    assert table["timestamp"].tolist()[:3] == [0.0, 0.25, 0.5]
    assert sidecar["SamplingFrequency"] == 4.0
    beats = found.with_name(found.name.replace("eda_physio.", "arousal_physioevents."))
    columns = json.loads(beats.with_suffix("").with_suffix(".json").read_text())["Columns"]
    events = pd.read_csv(beats, sep="\t", names=columns)
    assert events[events.trial_type == "beat"]["value"].tolist() == samples(session, "rr")
    assert events["onset"].is_monotonic_increasing


@pytest.mark.slow
def test_bids_files_of_one_session_are_equal_bytes_whenever_written(
    session: Path, dataset: Path, tmp_path: Path
) -> None:
    paths = export_bids.export(session, tmp_path / "again", force=False, progress=quiet)
    for path in paths:
        assert path.read_bytes() == (dataset / path.relative_to(tmp_path / "again")).read_bytes()
    packed = next(path for path in paths if path.suffix == ".gz").read_bytes()
    assert packed[4:8] == bytes(4)
    assert not packed[3] & 0b1000  # no file name
    assert gzip.decompress(packed)


def test_a_session_is_not_put_into_a_dataset_twice(session: Path, dataset: Path) -> None:
    with pytest.raises(FolderError, match="already"):
        export_bids.export(session, dataset, force=False, progress=quiet)


def test_a_dataset_of_others_is_left_alone(session: Path, tmp_path: Path) -> None:
    (tmp_path / "dataset_description.json").write_text('{"Name": "theirs"}')
    with pytest.raises(FolderError, match="not empty"):
        export_bids.export(session, tmp_path, force=False, progress=quiet)
    assert len(list(tmp_path.iterdir())) == 1


def test_parquet_holds_the_doubles_of_the_log(session: Path, tmp_path: Path) -> None:
    paths = export_parquet.export(session, tmp_path / "out", force=False, progress=quiet)
    assert {path.stem for path in paths} >= {"rr", "eda", "readings", "state", "notes", "session"}
    for signal, column in (("rr", "rr_s"), ("eda", "eda_usiemens")):
        table = pd.read_parquet(tmp_path / "out" / f"{signal}.parquet")
        assert table[column].tolist() == samples(session, signal)
        assert table["time_s"].is_monotonic_increasing
    notes = pd.read_parquet(tmp_path / "out" / "notes.parquet")
    assert notes["pitch_midi"].tolist() == [note.pitch for note in score_of(session).notes]


def test_edf_holds_the_samples_to_its_resolution(session: Path, tmp_path: Path) -> None:
    out = tmp_path / "session.edf"
    export_edf.export(session, out, force=False, progress=quiet)
    edf = edfio.read_edf(out)
    signal = edf.get_signal("EDA")
    logged = samples(session, "eda")
    assert signal.sampling_frequency == 4.0
    assert signal.physical_dimension == "uS"
    assert np.abs(signal.data[: len(logged)] - logged).max() <= 0.51 * step_of(signal)
    assert step_of(signal) < 1e-4  # uS; finer than any sensor, beside a fill of -1
    beats = [note for note in edf.annotations if note.text.startswith("RR ")]
    assert [float(note.text.split()[1]) for note in beats] == samples(session, "rr")
    assert any(note.text.startswith("end ") for note in edf.annotations)


def test_xdf_holds_the_doubles_of_the_log(session: Path, tmp_path: Path) -> None:
    out = tmp_path / "session.xdf"
    export_xdf.export(session, out, force=False, progress=quiet)
    found, _ = pyxdf.load_xdf(str(out), synchronize_clocks=False, dejitter_timestamps=False)
    streams = {stream["info"]["name"][0]: stream for stream in found}
    for signal in ("rr", "eda"):
        assert streams[signal]["time_series"][:, 0].tolist() == samples(session, signal)
    assert float(streams["eda"]["info"]["nominal_srate"][0]) == 4.0
    assert streams["eda"]["time_stamps"][:3].tolist() == [0.0, 0.25, 0.5]
    assert any(text[0].startswith("end ") for text in streams["events"]["time_series"])
    states = [line for _, line in read(session) if isinstance(line, lines.StateLine)]
    assert streams["state"]["time_series"][:, 0].tolist() == [line.arousal for line in states]


def test_rr_text_is_a_beat_and_its_interval_in_ms_a_line(session: Path, tmp_path: Path) -> None:
    out = tmp_path / "rr.txt"
    export_rr.export(session, out, force=False, progress=quiet)
    table = pd.read_csv(out, sep="\t")
    assert table["rr_ms"].tolist() == pytest.approx(1000 * np.array(samples(session, "rr")))
    assert table["time_s"].to_numpy()[1:] == pytest.approx(
        table["time_s"].to_numpy()[:-1] + table["rr_ms"].to_numpy()[1:] / 1000, abs=1e-5
    )


def test_a_gap_leaves_a_hole_on_the_grid_and_a_drifting_clock_loses_nothing() -> None:
    def grid(times_s: np.ndarray) -> np.ndarray:
        values = np.arange(len(times_s), dtype=np.float64)[:, None]
        stream = LoggedStream("eda", "eda", "", "uS", 4.0, times_s, values, times_s)
        return stream.grid().values[:, 0]

    even = np.arange(8) / 4
    held = grid(np.concatenate((even[:4], even[:4] + 2.0)))
    assert np.isnan(held).sum() == 4
    assert held[~np.isnan(held)].tolist() == list(range(8))
    fast = grid(even * 0.7)
    assert fast[~np.isnan(fast)].tolist() == list(range(8))


def with_strap(session: Path, folder: Path) -> Path:
    """Add ECG, acceleration with a device clock and a gap to what was recorded; return a copy."""
    folder.mkdir()
    raw = (session / LOG_NAME).read_bytes().splitlines()
    rng = np.random.default_rng(3)
    added = []
    for second in range(20):
        ecg = Chunk.regular(Signal.ECG, "strap", second + 0.1, 130.0, rng.normal(0, 0.5, 130))
        acc = Chunk.regular(Signal.ACC, "strap", second + 0.1, 50.0, rng.normal(0, 1, (50, 3)))
        acc = replace(acc, device_times_s=acc.times_s + 1000.0)
        if second != 7:
            added += [ecg, acc]
    added.append(Gap(Signal.ECG, "strap", 7.1, 8.1, "link"))
    more = [encode(input_line(0, 20.0, item)) for item in added]
    (folder / LOG_NAME).write_bytes(renumbered([*raw[:-1], *more, raw[-1]]))
    return folder


@pytest.mark.rig
def test_a_strap_with_ecg_and_motion_leaves_in_every_format(session: Path, tmp_path: Path) -> None:
    rich = with_strap(session, tmp_path / "rich")
    ecg = np.array(samples(rich, "ecg"))
    export_edf.export(rich, tmp_path / "a.edf", force=False, progress=quiet)
    edf = edfio.read_edf(tmp_path / "a.edf")
    assert [s.label for s in edf.signals] == ["EDA", "ECG", "ACC_X", "ACC_Y", "ACC_Z"]
    signal = edf.get_signal("ECG")
    assert signal.sampling_frequency == 130.0
    first, step = round(0.1 * 130), step_of(signal)
    assert step < 1e-3  # mV: a microvolt
    assert np.abs(signal.data[first : first + 910] - ecg[:910]).max() <= step
    assert np.abs(signal.data[first + 1040 :][: len(ecg) - 910] - ecg[910:]).max() <= step
    assert (signal.digital[first + 910 : first + 1040] == -32768).all()
    export_bids.export(rich, tmp_path / "bids", force=False, progress=quiet)
    found = next((tmp_path / "bids").glob("**/*recording-ecg_physio.tsv.gz"))
    table = pd.read_csv(found, sep="\t", names=["timestamp", "ecg"], dtype=str)
    assert table["ecg"].isna().sum() == 130
    assert [float(text) for text in table["ecg"].dropna()] == ecg.tolist()
    if VALIDATOR.is_file():
        assert subprocess.run([VALIDATOR, tmp_path / "bids"], capture_output=True).returncode == 0
    export_xdf.export(rich, tmp_path / "a.xdf", force=False, progress=quiet)
    streams, _ = pyxdf.load_xdf(str(tmp_path / "a.xdf"), dejitter_timestamps=False)
    acc = next(stream for stream in streams if stream["info"]["name"][0] == "acc")
    acc = measured(acc)
    assert acc.shape == (950, 3)
    export_parquet.export(rich, tmp_path / "pq", force=False, progress=quiet)
    motion = pd.read_parquet(tmp_path / "pq" / "acc.parquet")
    assert motion["device_time_s"].iloc[0] == pytest.approx(1000.1)
    assert motion["acc_z_g"].tolist() == acc[:, 2].tolist()


def with_band(session: Path, folder: Path) -> Path:
    """Add what a wristband sends to what was recorded; return a copy."""
    folder.mkdir()
    raw = (session / LOG_NAME).read_bytes().splitlines()
    rng = np.random.default_rng(4)
    added = []
    for second in range(20):
        for signal, rate, channels in (
            (Signal.PPG, 64, 1), (Signal.TEMP, 4, 1), (Signal.ACC, 32, 3), (Signal.HR, 1, 1),
        ):  # fmt: skip
            values = rng.normal(30.0, 2.0, (rate, channels))
            added.append(Chunk.regular(signal, "band", second + 0.03, float(rate), values))
    added.append(Gap(Signal.PPG, "band", 11.0, 12.0, "no_contact"))
    more = [encode(input_line(0, 20.0, item)) for item in added]
    (folder / LOG_NAME).write_bytes(renumbered([*raw[:-1], *more, raw[-1]]))
    return folder


def begun_later(session: Path, seconds: int) -> Path:
    """Let a session have begun so many seconds later: another one."""
    (_, header), *_ = read(session)
    assert isinstance(header, lines.HeaderLine)
    began = datetime.fromisoformat(header.started_utc) + timedelta(seconds=seconds)
    first = encode(msgspec.structs.replace(header, started_utc=began.isoformat()))
    _, _, rest = (session / LOG_NAME).read_bytes().partition(b"\n")
    (session / LOG_NAME).write_bytes(first + b"\n" + rest)
    return session


@pytest.mark.rig
def test_three_sessions_with_strap_and_band_are_equal_in_every_format(
    session: Path, tmp_path: Path
) -> None:
    for number in range(3):
        strap = with_strap(session, tmp_path / f"strap{number}")
        rich = begun_later(with_band(strap, tmp_path / f"both{number}"), number)
        export_bids.export(rich, tmp_path / "bids", force=False, progress=quiet)
    if VALIDATOR.is_file():
        done = subprocess.run([VALIDATOR, tmp_path / "bids"], capture_output=True, check=False)
        assert done.returncode == 0, done.stdout
    assert len(list((tmp_path / "bids").glob("sub-*/ses-*"))) == 3

    logged: dict[str, list[np.ndarray]] = {}
    for _, line in read(rich):
        if isinstance(line, lines.ChunkLine) and line.rate_hz is not None:
            name = f"{line.signal} {line.source}"
            logged.setdefault(name, []).append(np.array(line.values).reshape(len(line.values), -1))
    wanted = {name: np.concatenate(parts) for name, parts in logged.items()}
    assert len(wanted) == 7

    export_xdf.export(rich, tmp_path / "a.xdf", force=False, progress=quiet)
    streams, _ = pyxdf.load_xdf(str(tmp_path / "a.xdf"), dejitter_timestamps=False)
    found = {
        f"{s['info']['type'][0].lower()} {s['info']['source_id'][0]}": measured(s)
        for s in streams
        if s["info"]["channel_format"][0] != "string"
    }
    for name, values in wanted.items():
        assert np.array_equal(found[name], values), name

    export_edf.export(rich, tmp_path / "a.edf", force=False, progress=quiet)
    signals = {s.label: s for s in edfio.read_edf(tmp_path / "a.edf").signals}
    for label, name in (("PPG", "ppg band"), ("TEMP", "temp band"), ("ACC_Y2", "acc band"),
                        ("ACC_Y", "acc strap"), ("ECG", "ecg strap")):  # fmt: skip
        values = wanted[name][:, 1 if "_Y" in label else 0]
        known = signals[label].data[signals[label].digital != -32768]
        assert np.abs(known - values).max() <= 0.51 * step_of(signals[label]), label

    export_parquet.export(rich, tmp_path / "pq", force=False, progress=quiet)
    tables = {path.stem: pd.read_parquet(path) for path in (tmp_path / "pq").glob("*.parquet")}
    for stem, name in (("ppg", "ppg band"), ("acc2", "acc band"), ("ecg", "ecg strap")):
        table = tables[stem]
        columns = [c for c in table.columns if c.startswith(name.partition(" ")[0])]
        assert np.array_equal(table[columns].to_numpy(), wanted[name]), stem


@pytest.mark.slow
@pytest.mark.parametrize("to", ["edf", "xdf", "rr", "midi"])
def test_the_command_writes_a_file_and_keeps_one_that_is_there(
    session: Path, tmp_path: Path, to: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.bin"
    command = ["export", str(session), str(out), "--to", to]
    assert run(command) == 0
    assert capsys.readouterr().out.strip() == str(out)
    first = out.read_bytes()
    assert first
    assert run(command) == 2
    assert "exists already" in capsys.readouterr().err
    assert run([*command, "--force"]) == 0
    assert out.read_bytes() == first
    if to == "midi":
        assert mido.MidiFile(out).length > 30


def test_several_sessions_get_a_folder_each(session: Path, tmp_path: Path) -> None:
    twin = tmp_path / "twin"
    shutil.copytree(session, twin)
    assert run(["export", str(session), str(twin), str(tmp_path / "out"), "--to", "csv"]) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {session.name, "twin"}
