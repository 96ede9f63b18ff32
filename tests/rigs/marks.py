"""What several files of tests need, as marks."""

import shutil
import sys

import pytest

#: Bluetooth as the tests play it: real bleak, and a bus with a service of our own on it.
needs_bluez = [
    pytest.mark.rig,
    pytest.mark.skipif(
        shutil.which("dbus-daemon") is None, reason="needs dbus-daemon (Debian: dbus-daemon)"
    ),
    pytest.mark.skipif(sys.platform != "linux", reason="needs BlueZ, which is Linux only"),
]
