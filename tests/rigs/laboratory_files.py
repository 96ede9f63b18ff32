"""Writes WFDB, BDF and .acq files by the libraries of others, with the same signals in each."""

import ctypes
import warnings
from datetime import datetime
from pathlib import Path

import numpy as np

from sensors.signals import FloatArray

__all__ = ["ECG_MV", "EDA_US", "STARTED", "write_acq", "write_bdf", "write_wfdb"]

STARTED = datetime(2023, 11, 2, 14, 7, 9)
ECG_MV: FloatArray = np.sin(np.arange(250 * 40) * 0.03)
EDA_US: FloatArray = 4.0 + np.sin(np.arange(25 * 40) * 0.01)


def write_wfdb(path: Path) -> Path:
    """Write a record of two rates; `path` is its header, 100.hea or the like."""
    import wfdb

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it calls in pandas
        wfdb.wrsamp(
            path.stem,
            fs=25,
            units=["uV", "uS"],
            sig_name=["II", "GSR"],
            e_p_signal=[ECG_MV * 1000, EDA_US],
            samps_per_frame=[10, 1],
            fmt=["16", "16"],
            base_datetime=STARTED,
            write_dir=str(path.parent),
        )
    return path


def write_bdf(path: Path, *, ecg_label: str = "ECG II") -> Path:
    """Write a BDF+ of two rates with a note at 12.5 s."""
    import pyedflib

    heads = [
        {"label": label, "dimension": unit, "sample_frequency": rate, "physical_max": high,
         "physical_min": -high, "digital_max": 8_388_607, "digital_min": -8_388_608,
         "transducer": "", "prefilter": ""}
        for label, unit, rate, high in ((ecg_label, "uV", 250, 5000.0), ("EDA", "uS", 25, 50.0))
    ]  # fmt: skip
    with pyedflib.EdfWriter(str(path), 2, file_type=pyedflib.FILETYPE_BDFPLUS) as file:
        file.setSignalHeaders(heads)
        file.setStartdatetime(STARTED)
        file.writeSamples([ECG_MV * 1000, EDA_US])
        file.writeAnnotation(12.5, -1, "tone")
    return path


def write_acq(path: Path) -> Path:
    """Write a file of AcqKnowledge 3.7.3 by the structures of bioread: 16 bits and doubles."""
    from bioread import headers as told

    revision = 39

    def packed(kind: type[told.Header], **fields: object) -> bytes:
        record = kind.for_revision(revision, "<")._struct_class()
        for name, value in fields.items():
            setattr(record, name, value)
        return bytes(record)

    length = len(packed(told.GraphHeader))
    data = packed(
        told.GraphHeader, lVersion=revision, lExtItemHeaderLen=length, nChannels=2, dSampleTime=4.0
    )
    size = len(packed(told.ChannelHeader))
    for name, unit, count, scale, divider in (
        (b"ECG100C", b"Volts", len(ECG_MV), 1e-6, 1),
        (b"EDA100C", b"microsiemens", len(EDA_US), 1.0, 10),
    ):
        data += packed(
            told.ChannelHeader, lChanHeaderLen=size, szCommentText=name, szUnitsText=unit,
            lBufLength=count, dAmplScale=scale, nVarSampleDivider=divider,
        )  # fmt: skip
    data += packed(told.ForeignHeader, nLength=4)
    data += packed(told.ChannelDTypeHeader, nSize=2, nType=2)
    data += packed(told.ChannelDTypeHeader, nSize=8, nType=1)
    counts = np.rint(ECG_MV * 1000).astype("<i2")
    for i in range(len(ECG_MV)):  # samples of both channels as they came
        data += counts[i].tobytes()
        data += EDA_US[i // 10].astype("<f8").tobytes() if i % 10 == 0 else b""
    text = b"tone\0"
    data += ctypes.c_int32(8).value.to_bytes(4, "little") + (1).to_bytes(4, "little")
    data += (2500).to_bytes(4, "little") + bytes(6) + len(text).to_bytes(2, "little") + text
    path.write_bytes(data)
    return path
