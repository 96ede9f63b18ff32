"""Throws damaged packets and files at every codec, reader and file format.

    python benchmarks/fuzz_sensors.py                                      about a minute
    python benchmarks/fuzz_sensors.py --codecs 1000000 --files 40000       all of it

Each input is a valid one, changed by a seeded mutator: bits flipped, pieces cut out, doubled, put
in, or taken from another. A codec may raise `PacketError`, a reader nothing, a file reader
`RecordingError` or `SettingsError`. Whatever else happens is a failure, as is an input that takes
more than a second of processor time. The exit code is 1 after a failure; the input is printed, so
that it can become a test.
"""

import argparse
import faulthandler
import logging
import resource
import struct
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from rigs import laboratory_files  # noqa: E402
from rigs.layout_files import LAYOUTS  # noqa: E402
from rigs.medley import MEDLEY, PACKETS_OF_MEDLEY  # noqa: E402
from rigs.recording_files import FORMATS  # noqa: E402

from sensors.ble.band import BandReader  # noqa: E402
from sensors.ble.described import reader_of  # noqa: E402
from sensors.ble.link import LinkChange, Packet  # noqa: E402
from sensors.ble.polar import PMD_CONTROL, PMD_DATA  # noqa: E402
from sensors.ble.strap import StrapReader  # noqa: E402
from sensors.captures.archive import EVENTS, packed, read_capture, write_capture  # noqa: E402
from sensors.captures.capture import Capture, CaptureEvent  # noqa: E402
from sensors.captures.coarsen import coarse  # noqa: E402
from sensors.codecs import device_information, heart_rate, polar_frames, polar_pmd  # noqa: E402
from sensors.codecs.bitalino import BitalinoDecoder  # noqa: E402
from sensors.codecs.described import decoders_of  # noqa: E402
from sensors.codecs.shimmer import CLOCK_WRAPS_S, ShimmerDecoder  # noqa: E402
from sensors.errors import PacketError, RecordingError, SettingsError  # noqa: E402
from sensors.files import read  # noqa: E402
from sensors.network import e4_lines, osc_packet  # noqa: E402
from sensors.profiles.loader import load, load_all  # noqa: E402
from sensors.signals import Signal  # noqa: E402
from sensors.timing.sample_timeline import SampleTimeline  # noqa: E402

SLOW_S, STUCK_S = 1.0, 60.0
MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"
#: Every format that is read; those of laboratories need the extras bdf, wfdb and acq.
FILES: dict[str, Callable[[Path], Path]] = {
    **FORMATS,
    **LAYOUTS,
    "record.hea": laboratory_files.write_wfdb,
    "record.bdf": laboratory_files.write_bdf,
    "record.acq": laboratory_files.write_acq,
}
PROFILES = (*load_all(ROOT / "configs" / "devices"), MEDLEY)

Target = tuple[Callable[[bytes], object], Sequence[bytes], tuple[type[Exception], ...]]

HEART = [bytes.fromhex(h) for h in ("0048", "16480004fc03", "1f480112000004", "104800040004")]
BITALINO = [bytes.fromhex(h) for h in ("000851", "000851c0086a", "c0086a")]
SHIMMER = [bytes.fromhex(h) for h in ("ff8a7103", "000080005545", "000080005545000088005645ff")]
PMD_HEAD = bytes(8)
PMD = [
    b"\x00" + PMD_HEAD + b"\x00" + bytes(range(30)),
    b"\x02" + PMD_HEAD + b"\x01" + bytes(range(36)),
    b"\x03" + PMD_HEAD + b"\x00" + bytes(range(12)),
    b"\x01" + PMD_HEAD + b"\x00" + bytes(range(24)),
    b"\x01" + PMD_HEAD + b"\x80" + bytes(12) + bytes([6, 10]) + bytes(range(30)),
    b"\x02" + PMD_HEAD + b"\x81" + bytes(6) + bytes([5, 4]) + bytes(range(8)),
    b"\x01" + PMD_HEAD + b"\x8a" + bytes(63) + bytes([4, 2]) + bytes(range(21)),
    b"\x01" + PMD_HEAD + b"\x8d" + bytes(9) + bytes([6, 8]) + bytes(range(18)),
]
REPLIES = [
    bytes.fromhex(h) for h in ("f00100000000018200", "0f2f00", "f0020200000500000080", "010002")
]
OSC = [
    b"/eda\0\0\0\0,f\0\0" + struct.pack(">f", 3.5),
    b"#bundle\0" + bytes(8) + struct.pack(">i", 16) + b"/eda\0\0\0\0,f\0\0" + bytes(4),
]
E4 = [
    b"E4_Gsr 1600000000.5 3.14\r\n",
    b"R device_list 1 | ABC Empatica_E4\r\n",
    b"E4_Acc 1 2 3 4\n",
]
PACKETS: dict[str, list[bytes]] = {
    "packed": [bytes([n]) + struct.pack("<IHH", n * 500, 4000, 4100) for n in range(4)],
    "float32": [struct.pack("<2f", 4.0, 4.5), struct.pack("<4f", 1, 2, 3, 4)],
    "empatica-e4": [b"\x03\xd0\x90" * 6 + bytes([0, n]) for n in range(3)],
    "edamove4": [b"\xe8\x03"],
    "medley": PACKETS_OF_MEDLEY,
    "uart-text": [b"EDA,1000,4.1000\nEDA,1250,4.2\n", b"EDA,1500,", b"4.3\n"],
}


class Mutator:
    """Changes valid inputs, always in the same way for the same seed."""

    def __init__(self, seed: int, bases: Sequence[bytes]) -> None:
        self._rng, self._bases = Random(seed), bases

    def next(self) -> bytes:
        """Return a base that was changed once to four times, or hardly ever not at all."""
        rng = self._rng
        data = bytearray(rng.choice(self._bases))
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3, 4))):
            at = rng.randrange(len(data) + 1)
            end = min(len(data), at + rng.choice((1, 1, 2, 4, 16, 200)))
            change = rng.randrange(7)
            if change == 0 and at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            elif change == 1:
                data[at:end] = rng.choice((b"\x00", b"\xff", b"\x7f", b"\x80")) * (end - at)
            elif change == 2:
                del data[at:end]
            elif change == 3:
                data[at:at] = data[at:end] * rng.choice((1, 2, 8))
            elif change == 4:
                data[at:at] = rng.randbytes(rng.choice((1, 2, 8, 40)))
            elif change == 5:
                del data[at:]
            else:
                other = rng.choice(self._bases)
                data[at:end] = other[at : at + rng.choice((1, 4, 32))]
        return bytes(data)


def packets_to(reader: BandReader | StrapReader, uuid: str) -> Callable[[bytes], object]:
    """Return a function that gives a reader packets, and loses the link now and then."""
    now_s, rng = 0.0, Random(1)
    reader.take(LinkChange(now_s, "streaming", "fuzz"))

    def take(data: bytes) -> object:
        nonlocal now_s
        now_s += rng.choice((0.0, 0.1, 0.5, 1.0))
        if rng.random() < 0.01:
            reader.take(LinkChange(now_s, "lost", "fuzz", rng.choice(("link", "stall"))))
            reader.take(LinkChange(now_s, "streaming", "fuzz"))
        return reader.take(Packet(now_s, uuid, data))

    return take


def lines() -> Callable[[bytes], object]:
    """Return a function that splits the bytes of a stream into lines, and parses them."""
    splitter = e4_lines.LineSplitter()

    def take(data: bytes) -> object:
        return [e4_lines.parse(line) for line in splitter.feed(data)]

    return take


def codec_targets() -> dict[str, Target]:
    """Return everything that takes packets, with valid ones."""
    refuses = (PacketError,)
    told = [b"Polar Electro Oy\0", "Grüße".encode()]
    targets: dict[str, Target] = {
        "heart rate": (heart_rate.HeartRateMeasurement.decode, HEART, refuses),
        "battery": (heart_rate.battery_percent, [b"\x37", b"\x64"], refuses),
        "body location": (heart_rate.body_location, [b"\x01", b"\x06"], refuses),
        "device information": (device_information.device_text, told, refuses),
        "polar frames": (lambda data: polar_frames.PmdFrame.decode(data).values(), PMD, refuses),
        "polar replies": (polar_pmd.PmdReply.decode, REPLIES, refuses),
        "polar features": (polar_pmd.features, REPLIES, refuses),
        "polar stops": (polar_pmd.stopped_by_device, REPLIES, refuses),
        "osc": (osc_packet.decode, OSC, refuses),
        "e4 server": (lines(), E4, refuses),
        "bitalino": (BitalinoDecoder({3: Signal.EDA}).decode, BITALINO, refuses),
        "shimmer": (ShimmerDecoder().decode, SHIMMER, refuses),
        "strap reader": (packets_to(StrapReader("fuzz"), MEASUREMENT), HEART, ()),
    }
    for profile in PROFILES:
        bases, reader = PACKETS[profile.name], reader_of(profile, "fuzz")
        for number, (uuid, decoder) in enumerate(decoders_of(profile).items(), 1):
            targets[f"{profile.name} {number}"] = decoder.decode, bases, refuses
            targets[f"{profile.name} {number} reader"] = packets_to(reader, uuid), bases, ()

    def of_shimmer(source: str) -> list[SampleTimeline]:
        return [SampleTimeline(Signal.EDA, source, 16.0, clock_wraps_s=CLOCK_WRAPS_S)]

    reader = BandReader("fuzz", {"data": ShimmerDecoder()}, of_shimmer)
    targets["shimmer reader"] = packets_to(reader, "data"), SHIMMER, ()
    return targets


def file_targets(folder: Path) -> dict[str, Target]:
    """Return every file format, with valid files; of a folder, one file at a time is damaged."""
    targets: dict[str, Target] = {}
    for name, write in FILES.items():
        try:
            path = write(folder / name)
        except ImportError as error:
            print(f"{name:28} left out: {error}")
            continue
        files = sorted(file for file in path.iterdir()) if path.is_dir() else [path]
        if path.suffix == ".hea":
            files.append(path.with_suffix(".dat"))
        for file in files:
            label = f"{name}/{file.name}" if path.is_dir() else file.name
            targets[label] = (
                reading(file, path),
                [file.read_bytes()],
                (RecordingError, SettingsError),
            )
    taken = folder / "taken.zip"
    write_capture(taken, packed(some_capture(), ""))
    lines = zipfile.ZipFile(taken).read(EVENTS)
    targets["capture, lines"] = lines_of_capture(taken), [lines], (RecordingError, SettingsError)
    profile = folder / "profile.toml"
    texts = [path.read_bytes() for path in sorted((ROOT / "configs" / "devices").glob("*.toml"))]
    targets["device profile"] = writing(profile, lambda: load(profile)), texts, (SettingsError,)
    return targets


def some_capture() -> Capture:
    """Return a capture of all that a strap may say, and of a link that was lost."""
    said = [CaptureEvent(0.5, "connected", mtu=185)]
    said += [
        CaptureEvent(1.0 + i, kind, uuid, data)
        for i, (kind, uuid, data) in enumerate(
            [("packet", MEASUREMENT, data) for data in HEART]
            + [("packet", PMD_DATA, data) for data in PMD]
            + [("write", PMD_CONTROL, b"\x02\x00\x00\x01\x82\x00")]
            + [("answer", PMD_CONTROL, data) for data in REPLIES]
        )
    ]
    said.append(CaptureEvent(40.0, "link", state="lost", reason="link"))
    return Capture("Sensor", (), (), "strap", tuple(said), 60.0)


def lines_of_capture(path: Path) -> Callable[[bytes], object]:
    """Return a function that puts lines into a capture, reads it, and makes it coarse."""

    def take(data: bytes) -> object:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(EVENTS, data)
        coarse(read_capture(path))
        return read(path)

    return take


def reading(file: Path, recording: Path) -> Callable[[bytes], object]:
    """Return a function that damages one file of a recording, reads it, and mends it again."""
    whole = file.read_bytes()

    def take(data: bytes) -> object:
        try:
            return writing(file, lambda: read(recording))(data)
        finally:
            file.write_bytes(whole)

    return take


def writing(file: Path, then: Callable[[], object]) -> Callable[[bytes], object]:
    """Return a function that writes a file before something is done with it."""

    def take(data: bytes) -> object:
        file.write_bytes(data)
        return then()

    return take


def peak_mb() -> float:
    """Return the most memory that this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def attack(targets: dict[str, Target], inputs: int, seed: int) -> int:
    """Give each target its share of inputs; print a line a target, and return the failures."""
    failures = 0
    for index, (name, (take, bases, refuses)) in enumerate(targets.items()):
        count = inputs // len(targets) + (index < inputs % len(targets))
        mutator = Mutator(seed + index, bases)
        refused, slowest_s, began_s, before_mb = 0, 0.0, time.perf_counter(), peak_mb()
        for _ in range(count):
            data = mutator.next()
            faulthandler.dump_traceback_later(STUCK_S, exit=True)
            started_s = time.process_time()
            try:
                take(data)
            except refuses:
                refused += 1
            except Exception as error:
                failures += 1
                *_, last = traceback.extract_tb(error.__traceback__)
                print(f"FAILURE {name}: {error!r} at {last} for {data[:400].hex()}")
            took_s = time.process_time() - started_s
            slowest_s = max(slowest_s, took_s)
            if took_s > SLOW_S:
                failures += 1
                print(f"FAILURE {name}: {took_s:.1f} s for {data[:400].hex()}")
        faulthandler.cancel_dump_traceback_later()
        print(
            f"{name:28} {count:8} inputs {refused:8} refused  slowest {slowest_s * 1e3:7.1f} ms"
            f"  +{peak_mb() - before_mb:5.1f} MB  {time.perf_counter() - began_s:6.1f} s",
            flush=True,
        )
    return failures


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description="Damaged packets and files for all of sensors.")
    parser.add_argument("--codecs", type=int, default=20_000, help="packets, all codecs together")
    parser.add_argument("--files", type=int, default=2_000, help="files, all formats together")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)  # bad packets are counted aloud, which is not the question
    failures = attack(codec_targets(), given.codecs, given.seed)
    with tempfile.TemporaryDirectory() as folder:
        failures += attack(file_targets(Path(folder)), given.files, given.seed)
    print(f"{failures} failures, at most {peak_mb():.0f} MB of memory")
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
