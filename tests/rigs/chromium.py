"""A real browser without a window, driven through its debugging protocol."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

PATH = shutil.which("chromium") or shutil.which("google-chrome")
REASON = "needs a browser (Debian: chromium)"
PHONE, DESK = (390, 844), (1280, 900)

KEYS = {
    "Tab": ("Tab", 9, ""), "Enter": ("Enter", 13, "\r"), "Space": ("Space", 32, " "),
    "Escape": ("Escape", 27, ""), "ArrowRight": ("ArrowRight", 39, ""),
    "ArrowDown": ("ArrowDown", 40, ""),
}  # fmt: skip


class Page:
    """One tab; `errors` collects what its console and its network complain about."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self.errors: list[str] = []
        self.requested: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=20))
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                return dict(message["result"])
            self._take(message)

    def _take(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                thrown = details.get("exception", details)
                self.errors.append(str(thrown.get("description", details)))
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.errors.append(str([a.get("value") for a in params["args"]]))
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                self.errors.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
            case "Network.requestWillBeSent":
                self.requested.append(params["request"]["url"])

    def open(self, url: str) -> None:
        self.send("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        result = self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait(self, condition: str, timeout_s: float = 15.0) -> None:
        pause, until_s = threading.Event(), time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            result = self.send("Runtime.evaluate", expression=f"!!({condition})")
            if result["result"].get("value"):
                return
            pause.wait(0.05)
        raise AssertionError(f"never came: {condition}; the page says {self.text()!r}")

    def text(self) -> str:
        result = self.send("Runtime.evaluate", expression="document.body.innerText")
        return str(result["result"].get("value"))

    def look(self, size: tuple[int, int], *, dark: bool = False, calm: bool = False) -> None:
        width, height = size
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        self.send("Emulation.setTouchEmulationEnabled", enabled=width < 600)
        wishes = {"prefers-color-scheme": "dark" if dark else "light"}
        wishes["prefers-reduced-motion"] = "reduce" if calm else "no-preference"
        features = [{"name": name, "value": value} for name, value in wishes.items()]
        self.send("Emulation.setEmulatedMedia", features=features)

    def press(self, key: str) -> None:
        code, number, text = KEYS.get(key, (f"Key{key.upper()}", ord(key.upper()[0]), key))
        named = {"Space": " "}.get(key, key)
        same = {"key": named, "code": code, "windowsVirtualKeyCode": number}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **same)
        self.send("Input.dispatchKeyEvent", type="keyUp", **same)

    def tab_to(self, selector: str, most: int = 80) -> None:
        """Reach an element as somebody without a mouse does."""
        for _ in range(most):
            if self.run(f"document.activeElement?.matches({json.dumps(selector)}) ?? false"):
                return
            self.press("Tab")
        raise AssertionError(f"the keyboard does not reach {selector}")

    def tap(self, selector: str) -> None:
        """Touch an element in its middle, having scrolled to it."""
        x, y = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const b = e.getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        point = [{"x": x, "y": y}]
        self.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=point)
        self.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def shoot(self, target: Path, *, whole: bool = True) -> None:
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        target.write_bytes(base64.b64decode(shot["data"]))


class Browser:
    """Opens tabs that share cookies."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._sockets: list[ClientConnection] = []

    def page(self) -> Page:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/json/new?about:blank", method="PUT"
        )
        with urllib.request.urlopen(request) as response:
            address = json.load(response)["webSocketDebuggerUrl"]
        socket = connect(address, max_size=1 << 26)
        self._sockets.append(socket)
        return Page(socket)

    def close(self) -> None:
        for socket in self._sockets:
            socket.close()


@contextmanager
def browser(*options: str) -> Iterator[Browser]:
    """Run a browser with a profile of its own."""
    assert PATH, REASON
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [
            PATH, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--remote-debugging-port=0", f"--user-data-dir={folder}", "--no-first-run",
            "--disable-background-networking", "--lang=en", *options, "about:blank",
        ]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        opened: Browser | None = None
        try:
            opened = Browser(_port(Path(folder) / "DevToolsActivePort", process))
            yield opened
        finally:
            if opened is not None:
                opened.close()
            process.terminate()
            process.wait()


def _port(file: Path, process: subprocess.Popen[bytes]) -> int:
    pause = threading.Event()
    for _ in range(300):
        assert process.poll() is None, "the browser ended at once"
        if file.exists() and (text := file.read_text()).count("\n"):
            return int(text.split("\n")[0])
        pause.wait(0.05)
    raise AssertionError("the browser does not answer")
