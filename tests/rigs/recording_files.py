"""Builds small recordings of every format that can be read."""

import gzip
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import edfio
import numpy as np

START_UTC_S = 1_600_000_000

__all__ = [
    "FORMATS",
    "START_UTC_S",
    "write_e4",
    "write_e4_zip",
    "write_edf",
    "write_xdf",
    "xdf_chunk",
    "xdf_samples",
    "xdf_stream",
]


def rr_ms(count: int = 120) -> list[int]:
    return [int(850 + 60 * np.sin(i / 3)) for i in range(count)]


def write_e4(folder: Path, *, seconds: int = 60) -> Path:
    """Write an export in which beats 20 to 24 were not found, and HR starts 10 s late."""
    folder.mkdir(parents=True, exist_ok=True)
    samples = np.arange(seconds * 4) / 4
    head = f"{START_UTC_S}.000000\n4.000000\n"
    eda = "\n".join(f"{3 + 0.1 * np.sin(t / 5):.6f}" for t in samples)
    (folder / "EDA.csv").write_text(head + eda + "\n")
    (folder / "TEMP.csv").write_text(head + "\n".join("33.10" for _ in samples) + "\n")
    hr = f"{START_UTC_S + 10}.00\n1.000000\n" + "\n".join("70.50" for _ in range(seconds - 10))
    (folder / "HR.csv").write_text(hr + "\n")
    bvp = "\n".join(f"{np.sin(i / 10):.2f}" for i in range(seconds * 64))
    with gzip.open(folder / "BVP.csv.gz", "wt") as file:
        file.write(f"{START_UTC_S}.00\n64.000000\n{bvp}\n")
    acc = "\n".join("-2,3,63" for _ in range(seconds * 32))
    times = ", ".join([f"{START_UTC_S}.000000"] * 3)
    (folder / "ACC.csv").write_text(f"{times}\n32.000000, 32.000000, 32.000000\n{acc}\n")
    beats = np.cumsum(np.full(int(seconds / 0.8125) - 1, 0.8125)).tolist()
    lines = [f"{t:.6f},0.812500" for i, t in enumerate(beats) if not 20 <= i < 25]
    (folder / "IBI.csv").write_text(f"{START_UTC_S}.000000, IBI\n" + "\n".join(lines) + "\n")
    (folder / "tags_person.csv").write_text(f"{START_UTC_S + 12.5}\n{START_UTC_S + 30}\n")
    (folder / "info.txt").write_text("words that are not data\n")
    return folder


def write_e4_zip(path: Path) -> Path:
    folder = write_e4(path.with_suffix(""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            archive.write(file, f"export/{file.name}")
    return path


def write_rr_ms(path: Path) -> Path:
    path.write_text("\r\n".join(str(rr) for rr in rr_ms()) + "\r\n")
    return path


def write_rr_s(path: Path) -> Path:
    path.write_text("RR\n" + "\n".join(f"{rr / 1000:.3f}" for rr in rr_ms()) + "\n")
    return path


def write_hrm_rr(path: Path) -> Path:
    head = "[Params]\nVersion=106\nSMode=000000000\nDate=20200101\nInterval=238\n\n[Note]\n\n"
    path.write_text(head + "[HRData]\n" + "\n".join(str(rr) for rr in rr_ms()) + "\n")
    return path


def write_hrm_bpm(path: Path) -> Path:
    head = "[Params]\nVersion=106\nInterval=5\n\n[HRData]\n"
    rows = [f"{0 if i == 7 else 80 + i}\t120\t0" for i in range(20)]
    path.write_text(head + "\n".join(rows) + "\n")
    return path


def write_table(path: Path) -> Path:
    beats = np.cumsum(rr_ms())
    rows = [f"{t / 1000:.3f};{rr};N" for t, rr in zip(beats, rr_ms(), strict=True)]
    path.write_text("t_end_s;rr_ms;kind\n" + "\n".join(rows) + "\n")
    return path


def write_table_with_holes(path: Path) -> Path:
    rows = [f"{i / 4},{'' if i in (9, 10) else 3.5 + i / 100}" for i in range(80) if i != 40]
    path.write_text("time,EDA\n" + "\n".join(rows) + "\n")
    return path


def write_kubios(path: Path) -> Path:
    """Write a report as Kubios HRV does, with two beats cut out as noise."""
    head = "HRV ANALYSIS RESULTS - 13-Sep-2018 13:15:19\nKubios HRV Standard\n3.1.0.1\n\n"
    head += "  Mean RR  (ms):              ,    707.5437,            ,\n\n"
    head += "RR INTERVAL DATA and SPECTRUM ESTIMATES,\n"
    for cells in (("SAMPLE 1", ""), ("RR Data", ""), ("Time", "RR interval"), ("(s)", "(s)")):
        head += (
            " " * 30
            + ",".join(["", *(f"{cell:>12}" for cell in cells), " FFT spectrum", ""])
            + "\n"
        )
    times = np.cumsum(rr_ms()) / 1000 + 300.0
    rows = [
        f"{'':30},{t:12.3f},{rr / 1000:12.3f},{0.003:12.3f},"
        for i, (t, rr) in enumerate(zip(times, rr_ms(), strict=True))
        if i not in (40, 41)
    ]
    path.write_text(head + "\n".join(rows) + f"\n{'':30},{'':12},{'':12},{1.0:12.3f},\n")
    return path


def write_edf(path: Path, *, seconds: int = 60) -> Path:
    """Write an EDF+ with skin conductance, ECG in microvolts, three axes, EEG, two annotations."""
    times = np.arange(seconds * 4) / 4
    axes = [
        edfio.EdfSignal(np.full(seconds * 8, value), 8, label=f"Acc {axis}",
                        physical_dimension="mg", physical_range=(-2000, 2000))
        for axis, value in zip("XYZ", (0.0, 500.0, -1000.0), strict=True)
    ]  # fmt: skip
    signals = [
        edfio.EdfSignal(3 + 0.1 * np.sin(times / 5), 4, label="GSR", physical_dimension="uS",
                        physical_range=(0, 10)),
        edfio.EdfSignal(1000 * np.sin(np.arange(seconds * 64) / 9), 64, label="ECG I",
                        physical_dimension="uV", physical_range=(-2000, 2000)),
        *axes,
        edfio.EdfSignal(np.zeros(seconds * 16), 16, label="EEG Fp1", physical_dimension="uV",
                        physical_range=(-1, 1)),
    ]  # fmt: skip
    notes = (edfio.EdfAnnotation(12.5, None, "start"), edfio.EdfAnnotation(30, 2.0, "stop"))
    edfio.Edf(signals, annotations=notes).write(path)
    return path


def xdf_chunk(tag: int, content: bytes) -> bytes:
    body = struct.pack("<H", tag) + content
    return b"\x04" + struct.pack("<I", len(body)) + body


def xdf_stream(
    number: int, name: str, kind: str, rate_hz: float, form: str, channels: dict[str, str]
) -> bytes:
    described = "".join(
        f"<channel><label>{label}</label><unit>{unit}</unit></channel>"
        for label, unit in channels.items()
    )
    xml = (
        f"<?xml version='1.0'?><info><name>{name}</name><type>{kind}</type>"
        f"<channel_count>{len(channels)}</channel_count><nominal_srate>{rate_hz}</nominal_srate>"
        f"<channel_format>{form}</channel_format><source_id>{name}</source_id>"
        f"<desc><channels>{described}</channels></desc></info>"
    )
    return xdf_chunk(2, struct.pack("<I", number) + xml.encode())


def xdf_samples(number: int, samples: list[tuple[float, bytes]]) -> bytes:
    rows = b"".join(b"\x08" + struct.pack("<d", time_s) + raw for time_s, raw in samples)
    return xdf_chunk(3, struct.pack("<IBI", number, 4, len(samples)) + rows)


def _xdf_text(text: str) -> bytes:
    return bytes([1, len(text)]) + text.encode()


def write_xdf(path: Path, *, seconds: int = 60) -> Path:
    """Write a recording of four streams whose senders' clocks differ by 1000 s from one another.

    A band at 8 Hz loses seconds 20 to 25; beats come a second apart; a marker stands at 10 s.
    """
    began_s = 5000.0
    data = b"XDF:" + xdf_chunk(
        1, b"<?xml version='1.0'?><info><version>1.0</version>"
        b"<datetime>2020-09-13T14:26:40+0200</datetime></info>"
    )  # fmt: skip
    data += xdf_stream(
        1, "band", "Wristband", 8.0, "float32", {"EDA": "uS", "AccX": "g", "AccY": "g"}
    )
    data += xdf_stream(2, "strap", "HeartRate", 0.0, "double64", {"RR": "ms", "HR": "bpm"})
    data += xdf_stream(3, "keys", "Markers", 0.0, "string", {"marker": ""})
    data += xdf_stream(4, "head", "EEG", 4.0, "int16", {"Fp1": "uV"})
    for number in (1, 2, 3, 4):
        for second in range(0, seconds + 1, 5):
            offset = struct.pack("<Idd", number, began_s + second, 1000.0 * (number - 1))
            data += xdf_chunk(4, offset)
    for second in range(seconds):
        at_s = began_s + second
        if not 20 <= second < 25:
            band = [
                (at_s + i / 8, struct.pack("<3f", 3 + second / 100, 0.5, -0.5)) for i in range(8)
            ]
            data += xdf_samples(1, band)
        data += xdf_samples(2, [(at_s - 1000.0 + 0.01, struct.pack("<2d", 1000.0, 60.0))])
        data += xdf_samples(4, [(at_s - 3000.0, struct.pack("<h", second))])
    data += xdf_samples(3, [(began_s - 2000.0 + 10.0, _xdf_text("calm"))])
    path.write_bytes(data)
    return path


FORMATS: dict[str, Callable[[Path], Path]] = {
    "e4": write_e4,
    "e4.zip": write_e4_zip,
    "rr_ms.txt": write_rr_ms,
    "rr_s.txt": write_rr_s,
    "rr.hrm": write_hrm_rr,
    "bpm.hrm": write_hrm_bpm,
    "table.csv": write_table,
    "holes.csv": write_table_with_holes,
    "kubios.txt": write_kubios,
    "night.edf": write_edf,
    "lab.xdf": write_xdf,
}
