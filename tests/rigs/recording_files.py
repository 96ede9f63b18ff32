"""Builds small recordings of every format that can be read."""

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

START_UTC_S = 1_600_000_000

__all__ = ["FORMATS", "START_UTC_S", "write_e4", "write_e4_zip"]


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


FORMATS: dict[str, Callable[[Path], Path]] = {
    "e4": write_e4,
    "e4.zip": write_e4_zip,
    "rr_ms.txt": write_rr_ms,
    "rr_s.txt": write_rr_s,
    "rr.hrm": write_hrm_rr,
    "bpm.hrm": write_hrm_bpm,
    "table.csv": write_table,
    "holes.csv": write_table_with_holes,
}
