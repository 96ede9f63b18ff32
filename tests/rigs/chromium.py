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
from contextlib import ExitStack, contextmanager
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
        self.answered: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.send("Emulation.setFocusEmulationEnabled", enabled=True)  # as the tab in front

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
            case "Network.responseReceived":
                self.answered.append(params["response"]["url"])
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

    def wait(self, condition: str, timeout_s: float = 30.0) -> None:
        pause, until_s = threading.Event(), time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            result = self.send("Runtime.evaluate", expression=f"!!({condition})")
            if result["result"].get("value"):
                return
            pause.wait(0.05)
        raise AssertionError(f"never came: {condition}; the page says {self.text()!r}")

    def wait_for_answers(self, path: str, count: int) -> None:
        """Wait until the server has answered so many requests to addresses that end so."""
        pause, until_s = threading.Event(), time.monotonic() + 30.0
        while sum(url.endswith(path) for url in self.answered) < count:
            assert time.monotonic() < until_s, f"fewer than {count} answers to {path}"
            self.run("0")
            pause.wait(0.05)

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


def _connected(address: str) -> ClientConnection:
    return connect(address, max_size=1 << 26, ping_interval=None)


class Browser:
    """Opens tabs, each with cookies of its own, as if they were on different computers."""

    def __init__(self, port: int) -> None:
        self._address = f"127.0.0.1:{port}"
        with urllib.request.urlopen(f"http://{self._address}/json/version") as response:
            whole = json.load(response)["webSocketDebuggerUrl"]
        self._sockets = ExitStack()
        self.process: subprocess.Popen[bytes] | None = None  #: its first one
        self._whole = self._sockets.enter_context(_connected(whole))

    def page(self) -> Page:
        context = self._ask("Target.createBrowserContext")["browserContextId"]
        target = self._ask("Target.createTarget", url="about:blank", browserContextId=context)
        address = f"ws://{self._address}/devtools/page/{target['targetId']}"
        return Page(self._sockets.enter_context(_connected(address)))

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._whole.send(json.dumps({"id": 1, "method": method, "params": params}))
        while "id" not in (message := json.loads(self._whole.recv(timeout=20))):
            pass
        return dict(message["result"])

    def close(self) -> None:
        self._sockets.close()


def entered(browser: Browser, link: str, size: tuple[int, int]) -> Page:
    """Return a page that has used a link up."""
    page = browser.page()
    page.look(size)
    page.open(link)
    page.wait("document.activeElement.matches('button')")
    page.press("Enter")
    page.wait("document.querySelector('#main')")
    return page


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
            opened.process = process
            yield opened
        finally:
            if opened is not None:
                opened.close()
            process.terminate()
            process.wait()


def _port(file: Path, process: subprocess.Popen[bytes]) -> int:
    pause = threading.Event()
    for _ in range(1200):
        assert process.poll() is None, "the browser ended at once"
        if file.exists() and (text := file.read_text()).count("\n"):
            return int(text.split("\n")[0])
        pause.wait(0.05)
    raise AssertionError("the browser does not answer")
