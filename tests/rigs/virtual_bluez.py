#!/usr/bin/env python3
# ruff: noqa: ASYNC220, ASYNC230, ASYNC240, E501, T201 - nothing else runs while it starts
"""virtual_bluez - a radio-free BlueZ, good enough to run the *real* bleak library against.

Starts a private dbus-daemon, owns the name ``org.bluez`` on it and serves the part of the BlueZ
D-Bus API that bleak uses (ObjectManager, Properties, Adapter1, Device1, GattService1,
GattCharacteristic1, GattDescriptor1, Battery1).  Behind it live N virtual peripherals described by
a YAML/JSON scenario.  Nothing in bleak is patched; the program under test only needs

    DBUS_SYSTEM_BUS_ADDRESS=<address printed by this program>

Usage
    virtual_bluez.py [scenario.yaml|capture.zip] [--truth out.jsonl] [--socket PATH] [--for SECONDS] [-v]
    virtual_bluez.py scenario.yaml --truth out.jsonl -- CMD ARG...   # run CMD inside, exit with its rc
Prints ``DBUS_SYSTEM_BUS_ADDRESS=...`` then ``READY`` on stdout once devices can be discovered.

Ground truth (--truth, JSON lines; ``t`` is CLOCK_MONOTONIC seconds, shared with other processes):
    device{address,name,type}  beat{i,t,rr_ms}  notify{uuid,hex,ok,no}  sent{no}  hrm{hr,rr_ms,beats,no}  ecg/acc{t0,n,dev_ns,no}  eda{t,us}  skin{us,no}
    connect{n} subscribe{uuid} disconnect{why} fault{op} step{...} write{uuid,hex} cp{...}
The heart and the skin run on the wall clock whether or not anything is connected.

Scenario
    seed: 7
    bluez: {gatt_cache: always|no, temporary_timeout: 30, connect_timeout: 20, connect_latency: 0.15,
            resolve_latency: 0.3, adv_interval: 0.5, hide_battery: false, adapter: hci0, powered: true}
    devices:
      - id: strap                  # key used by truth log and control interface
        type: hr_strap             # hr_strap | polar_h10 | polar_verity | eda_band | generic
        name: "Virtual HRM"        # null = nameless device
        address: "C0:00:00:00:00:01"
        address_type: random       # or public; random where the address begins with C0 or more
        advertise: true            # advertising at start
        battery: 87                # null = no Battery Service
        no_dis: false              # true: no Device Information Service
        updated: false             # true: its service is new, and BlueZ has kept the list without it
        paired: false
        info: {serial: "SN-42"}    # what that says; null leaves one out
        mtu: 232
        heart: {hr: 62 | [[t,bpm],...], rsa_ms: 30, resp_hz: 0.1, noise_ms: 5, rr_ms: [explicit list]}
        hrs: {interval: 1.0, jitter: 0.02, contact: true|false|null, rr: true, hr16: false|true|"alternate",
              energy_every: 10|0, rr_unit: 1024|1000, location: 1, max_rr: 9}
        pmd: {ecg_hz: 130.0, clock_ppm: 0, require_pairing: false, charging: false}   # polar_h10
              # polar_verity: {ppi_first: 25, ppi_every: 5, moved: false}
        eda: {format: packed|float32|nus|e4, rate: 4, per_packet: 2, base_us: 4.0, scr_every: 12, scr_us: 0.6}
        services: [{uuid: "...", chars: [{uuid: "...", props: [read, notify], hex: "00",
                    stream: {every: 1.0, hex: ["0102", "0304"]}}]}]            # any type may add these
        replies: [{to: "01", char: "2a57", hex: "8001", after: 0.1}]           # generic: to what is written
        timeline:                  # from: start (default) | connect | subscribe ; conn: nth connection
          - {at: 8, from: subscribe, conn: 1, do: drop, away: 3}
Steps (``do``):
    drop {away}            link loss; not advertising for `away` s      advertise {on}
    stall {for}            stay connected, lose notifications           delay {for}  hold then burst them
    contact {on}           skin contact                                 hr {bpm}     new target heart rate
    battery {value}        change + notify battery level                inject {char, hex}  raw notification
    artefact {kind: missed|extra|long|zero, n}                          scr {us}     one skin response now
    fault {op: connect|read|write|notify, char, times, error, text, hang}  next ops fail / hang
    lag {for, latency}     slow link: every notification arrives `latency` late
    pmd_stop {}            device stops its PMD streams                 adapter {powered}
    readdress {address, away}     same device, same name, other address
    forget {away}          the system forgets the device, as by `bluetoothctl remove`
    bluez_restart {away, crash}   org.bluez leaves the bus and comes back (crash: without InterfacesRemoved)
Runtime control (for test harnesses), D-Bus path /org/virtualbluez, interface org.virtualbluez.Control:
    Do(s device_id, s step_json)    State() -> s json
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import vbluez_captured
from vbluez_daemon import Rig

BUS_CONF = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={sock}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true"/><allow receive_type="method_call"/><allow receive_type="signal"/>
<allow receive_type="method_return"/><allow receive_type="error"/></policy>
<limit name="reply_timeout">600000</limit></busconfig>
"""

DEFAULT = {
    "seed": 7,
    "devices": [
        {
            "id": "strap",
            "type": "hr_strap",
            "name": "Virtual HRM 01",
            "address": "C0:00:00:00:00:01",
            "battery": 87,
            "heart": {"hr": [[0, 64], [20, 64], [40, 100]]},
            "hrs": {"energy_every": 10, "hr16": "alternate"},
            "timeline": [{"at": 8, "from": "subscribe", "do": "drop", "away": 3}],
        },
        {
            "id": "h10",
            "type": "polar_h10",
            "name": "Polar H10 DEADBEEF",
            "address": "C0:00:00:00:00:02",
            "battery": 100,
        },
        {
            "id": "band",
            "type": "eda_band",
            "name": "Virtual EDA Band",
            "address": "C0:00:00:00:00:03",
            "battery": 55,
        },
    ],
}


def load(path: str | None) -> dict:
    if not path:
        return DEFAULT
    if vbluez_captured.is_capture(path):
        return vbluez_captured.scenario(path)
    text = Path(path).read_text()
    if path.endswith(".json"):
        return json.loads(text)
    try:
        import yaml
    except ImportError:
        raise SystemExit("PyYAML is needed for YAML scenarios") from None
    return norway(yaml.safe_load(text))


def norway(x, key=None):
    """Undo YAML 1.1: the key `on` is True, the value `no` is False; unquoted hex and addresses are numbers."""
    if isinstance(x, dict):
        return {
            ("on" if k is True else "off" if k is False else k): norway(v, k) for k, v in x.items()
        }
    if isinstance(x, list):
        return [norway(v, key) for v in x]
    if key in ("hex", "address", "uuid") and not isinstance(x, str):
        raise SystemExit(f"scenario: quote the value of {key!r} (YAML read it as {x!r})")
    return (
        {True: "always", False: "no"}.get(x, x)
        if key == "gatt_cache"
        else str(x)
        if key == "char"
        else x
    )


async def amain(a) -> int:
    tmp = tempfile.TemporaryDirectory(prefix="vbluez-")
    sock = a.socket or f"{tmp.name}/bus"
    conf = Path(tmp.name, "bus.conf")
    conf.write_text(BUS_CONF.format(sock=sock))
    errors = open(f"{tmp.name}/dbus.err", "w+")
    daemon = subprocess.Popen(
        ["dbus-daemon", "--nofork", "--print-address=1", f"--config-file={conf}"],
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGTERM),
    )  # die with us
    truth = open(a.truth, "w") if a.truth else None
    try:
        address = daemon.stdout.readline().strip()
        if not address:
            raise SystemExit("dbus-daemon did not start: " + Path(errors.name).read_text())
        rig = Rig(load(a.scenario), truth, a.verbose)
        await rig.start(address)
        print(f"DBUS_SYSTEM_BUS_ADDRESS={address}\nREADY", flush=True)
        stop = asyncio.get_running_loop().create_future()
        for s in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(
                s, lambda: stop.done() or stop.set_result(0)
            )
        if a.cmd:
            child = await asyncio.create_subprocess_exec(
                *a.cmd, env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address}
            )
            waiter = asyncio.ensure_future(child.wait())
            await asyncio.wait(
                {waiter, stop}, timeout=a.seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if child.returncode is None:
                child.terminate()
                await child.wait()
                return 124
            return child.returncode
        await asyncio.wait({stop}, timeout=a.seconds)
        return 0
    finally:
        daemon.terminate()
        daemon.wait()
        if truth:
            truth.close()
        tmp.cleanup()


def main() -> None:
    argv = sys.argv[1:]
    cmd = argv[argv.index("--") + 1 :] if "--" in argv else []
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument(
        "scenario",
        nargs="?",
        help=".yaml, .json or a capture (default: a strap, an H10 and an EDA band)",
    )
    ap.add_argument("--truth", help="write ground truth as JSON lines")
    ap.add_argument("--socket", help="path of the bus socket (default: a temporary one)")
    ap.add_argument("--for", dest="seconds", type=float, help="stop after this many seconds")
    ap.add_argument("-v", "--verbose", action="store_true")
    a = ap.parse_args(argv[: argv.index("--")] if "--" in argv else argv)
    a.cmd = cmd
    sys.exit(asyncio.run(amain(a)))


if __name__ == "__main__":
    main()
