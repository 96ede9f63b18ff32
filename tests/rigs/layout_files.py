"""Writes small recordings in the layouts of makers and programs, each with what it holds."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from sensors.signals import FloatArray

__all__ = [
    "ECG_MV",
    "EDA_US",
    "ENDS_S",
    "LAYOUTS",
    "RR_MS",
    "START",
    "acq_text",
    "hrv4training",
    "opensignals",
]

START = datetime(2024, 5, 17, 9, 3, 21, 500_000)
UNIX_S = START.replace(tzinfo=UTC).timestamp()
RR_MS = (830 + 40 * np.sin(np.arange(150) / 5) + np.arange(150) % 7).astype(int)
ENDS_S: FloatArray = np.cumsum(RR_MS) / 1000.0
RATE_HZ = 10.0
TIMES_S: FloatArray = np.arange(600) / RATE_HZ
EDA_US: FloatArray = 5.0 + np.sin(TIMES_S / 3)
ECG_MV: FloatArray = np.sin(np.arange(6000) * 0.06) * 0.8  #: at 100 Hz, for 60 s


def table(path: Path, head: str, rows: list[str]) -> Path:
    path.write_text("\n".join([*([head] if head else []), *rows]) + "\n", encoding="utf-8")
    return path


def stamps(seconds: FloatArray, pattern: str = "%Y-%m-%dT%H:%M:%S.%f") -> list[str]:
    return [(START + timedelta(seconds=float(s))).strftime(pattern)[:-3] for s in seconds]


def polar_rr(path: Path) -> Path:
    rows = [f"{t};{rr}" for t, rr in zip(stamps(ENDS_S), RR_MS, strict=True)]
    return table(path, "Phone timestamp;RR-interval [ms]", rows)


def polar_ecg(path: Path) -> Path:
    """Frames of 73 samples at 130 Hz: the phone's time is the frame's, the sensor's its own."""
    ns = 599_616_000_000_000_000
    wave = np.sin(np.arange(7300) * 0.05) * 800
    rows = []
    for i, value in enumerate(wave):
        phone = stamps(np.array([(i // 73) * 73 / 130]))[0]
        rows.append(f"{phone};{ns + round(i / 130 * 1e9)};{i / 130 * 1e3:.6f};{value:.0f}")
    return table(path, "Phone timestamp;sensor timestamp [ns];timestamp [ms];ecg [uV]", rows)


def polar_acc(path: Path) -> Path:
    ns = 599_616_000_000_000_000
    rows = [
        f"{stamps(np.array([i / 50]))[0]};{ns + i * 20_000_000};12;-30;985" for i in range(3000)
    ]
    return table(path, "Phone timestamp;sensor timestamp [ns];X [mg];Y [mg];Z [mg]", rows)


def polar_hr(path: Path) -> Path:
    rows = [f"{t};{70 + i % 4};{40 + i % 9}.5;" for i, t in enumerate(stamps(np.arange(60.0)))]
    return table(path, "Phone timestamp;HR [bpm];HRV [ms];Breathing interval [rpm];", rows)


def consensys(path: Path) -> Path:
    """Two clocks, the resistance beside the conductance, raw beside calibrated, a unit row."""
    s = "Shimmer_7E8A"
    names = ["Timestamp_FormattedUnix", "Timestamp_Unix", "GSR_Range", "GSR_Skin_Conductance",
             "GSR_Skin_Resistance", "PPG_A13", *(f"Accel_LN_{axis}" for axis in "XYZ")]  # fmt: skip
    units = ["yyyy/mm/dd hh:mm:ss.000", "ms", "no_units", "uS", "kOhms", "mV", *["m/(s^2)"] * 3]
    head = "\n".join(['"sep=\t"', "\t".join(f"{s}_{n}_CAL" for n in names), "\t".join(units)])
    rows = [
        "\t".join([stamp, f"{(UNIX_S + t) * 1e3:.3f}", "2", f"{us:.6f}", f"{1e3 / us:.6f}",
                   f"{1500 + i % 9}", "0.1", "-0.2", "9.75"]) + "\t"
        for i, (stamp, t, us) in enumerate(
            zip(stamps(TIMES_S, "%Y/%m/%d %H:%M:%S.%f"), TIMES_S, EDA_US, strict=True)
        )
    ]  # fmt: skip
    return table(path, head, rows)


def emotibit(path: Path) -> Path:
    head = "LocalTimestamp,EmotiBitTimestamp,PacketNumber,DataLength,TypeTag,ProtocolVersion,"
    rows = []
    for i, us in enumerate(np.repeat(EDA_US, 2)[:900]):
        at_s = UNIX_S + (i // 3) * 0.2
        rows.append(f"{at_s:.6f},{(i // 3) * 200 + 565_464:.3f},{i // 3},3,EA,1,100,{us:.6f}")
    return table(path, head + "DataReliability,EA", rows)


def emotibit_beats(path: Path) -> Path:
    head = "LocalTimestamp,EmotiBitTimestamp,PacketNumber,DataLength,TypeTag,ProtocolVersion,"
    rows = [f"{UNIX_S + t:.6f},{t * 1e3:.3f},{i},1,BI,1,100,{rr}"
            for i, (t, rr) in enumerate(zip(ENDS_S, RR_MS, strict=True))]  # fmt: skip
    return table(path, head + "DataReliability,BI", rows)


def embrace_minutes(path: Path) -> Path:
    head = "timestamp_unix,timestamp_iso,participant_full_id,eda_scl_usiemens,missing_value_reason"
    first = START.replace(second=0, microsecond=0)
    rows = []
    for i in range(90):
        at = first + timedelta(minutes=i)
        value = ",device_not_recording" if 40 <= i < 45 else f"{EDA_US[i]:.4f},"
        unix_ms = round(at.replace(tzinfo=UTC).timestamp() * 1e3)
        rows.append(f"{unix_ms},{at:%Y-%m-%dT%H:%M:%SZ},S1-1-1-7,{value}")
    return table(path, head, rows)


def embrace_raw(path: Path) -> Path:
    rows = [f"{(UNIX_S + t) * 1e6:.0f},{us:.6f}" for t, us in zip(TIMES_S, EDA_US, strict=True)]
    return table(path, "unix_timestamp,eda", rows)


def acq_text(path: Path, *, scale: bool = True, name: bool = True) -> Path:
    """ECG in V at 100 Hz, skin conductance at 10 Hz, whose cells between are empty."""
    head = [*(["rest.acq"] if name else []), "10 msec/sample", "2 channels", "ECG - ECG100C",
            "Volts", "EDA, Y, PPGED-R", "microsiemens"]  # fmt: skip
    head += ["min\tCH1\tCH2\t" if scale else "CH1\tCH2\t"]
    head += ["\t6000\t600\t" if scale else "6000\t600\t"]
    rows = []
    for i, mv in enumerate(ECG_MV):
        cells = [f"{mv / 1000:.8f}", f"{EDA_US[i // 10]:.5f}" if i % 10 == 0 else ""]
        rows.append("\t".join([*([f"{i / 6000:.7g}"] if scale else []), *cells]) + "\t")
    return table(path, "\n".join(head), rows)


def opensignals(
    path: Path, *, sensors: tuple[str, str] = ("ECG", "EDA"), device: str = "bitalino_rev"
) -> Path:
    """Raw counts of 10 bits at 100 Hz, with 5 samples lost after second 30."""
    told = {
        "20:16:07:18:00:01": {
            "sensor": list(sensors), "device name": "BIT-01",
            "column": ["nSeq", "I1", "I2", "O1", "O2", "A2", "A3"], "sync interval": 2,
            "time": "9:3:21.500", "date": "2024-5-17", "comments": "", "channels": [2, 3],
            "mode": 0, "digital IO": [0, 0, 1, 1], "firmware version": 1281, "device": device,
            "sampling rate": 100, "label": ["A2", "A3"], "resolution": [4, 1, 1, 1, 1, 10, 10],
            "special": [{}, {}],
        }
    }  # fmt: skip
    head = f"# OpenSignals Text File Format\n# {json.dumps(told)}\n# EndOfHeader"
    ecg = np.rint((ECG_MV / 1000 * 1100 / 3.3 + 0.5) * 1024).astype(int)
    eda = np.rint(np.repeat(EDA_US, 10) * 0.132 / 3.3 * 1024).astype(int)
    rows = [f"{i % 16}\t0\t0\t0\t0\t{ecg[i]}\t{eda[i]}\t"
            for i in range(6000) if not 3000 <= i < 3005]  # fmt: skip
    return table(path, head, rows)


def two_columns(path: Path) -> Path:
    rows = [f"{t:.3f}\t{rr / 1000:.3f}" for t, rr in zip(ENDS_S, RR_MS, strict=True)]
    return table(path, "", rows)


def elite_hrv(path: Path) -> Path:
    return table(path, "", [str(rr) for rr in RR_MS])


def hrv_logger(path: Path) -> Path:
    since = np.concatenate(([0], np.cumsum(RR_MS)[:-1]))
    rows = [f"{t},{rr},{s}" for t, rr, s in
            zip(stamps(ENDS_S, "%Y-%m-%d %H:%M:%S.%f"), RR_MS, since, strict=True)]  # fmt: skip
    return table(path, "date,rr,since start", rows)


def hrv4training(path: Path) -> Path:
    """One row a day of results: no recording."""
    head = "date,timestamp_measurement,HR,AVNN,SDNN,rMSSD,pNN50,LF,HF,HRV4T_Recovery_Points"
    days = [START + timedelta(days=i) for i in range(40)]
    rows = [
        f"{d:%Y-%m-%d},{d:%Y-%m-%d %H:%M:%S},{52 + d.day % 5},1130,80,{60 + d.day % 9},30,1,1,8.1"
        for d in days
    ]
    return table(path, head, rows)


LAYOUTS: dict[str, Callable[[Path], Path]] = {
    "polar_rr.txt": polar_rr,
    "polar_ecg.txt": polar_ecg,
    "polar_acc.txt": polar_acc,
    "polar_hr.txt": polar_hr,
    "consensys.csv": consensys,
    "emotibit_EA.csv": emotibit,
    "emotibit_BI.csv": emotibit_beats,
    "embrace_minutes.csv": embrace_minutes,
    "embrace_raw.csv": embrace_raw,
    "acqknowledge.txt": acq_text,
    "opensignals.txt": opensignals,
    "two_columns.txt": two_columns,
    "elite_hrv.txt": elite_hrv,
    "hrv_logger.csv": hrv_logger,
}
