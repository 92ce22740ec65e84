"""Take the README's picture of the Ask page, in light and dark, from a run.

    closedbook demo --run runs/demo
    python docs/picture.py runs/demo "Where was Hortense D. Mercier born?"

It serves the run as `closedbook serve` does, asks the question in a Chromium, and writes docs/images/ask-light.png and
ask-dark.png. It needs the package's page (`pip install 'closedbook[page]'`), playwright, and a Chromium or Chrome.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

IMAGES = Path(__file__).parent / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LARGEST = 200_000  # bytes: the picture is the first thing that a reader waits for


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(address: str, server: subprocess.Popen[bytes], seconds: float = 120) -> None:
    """Return when the server answers; end where it has ended, and raise TimeoutError where it says nothing."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if server.poll() is not None:
            sys.exit("closedbook serve ended; the reason is above")
        try:
            urlopen(address, timeout=5).close()
            return
        except (URLError, OSError):
            time.sleep(0.5)
    raise TimeoutError(f"{address} did not answer within {seconds:.0f} seconds")


def take(address: str, question: str, width: int, height: int, browser: str) -> None:
    """Ask, and write both pictures."""
    from playwright.sync_api import sync_playwright

    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=browser, args=["--no-sandbox", "--hide-scrollbars"])
        for scheme in ("light", "dark"):
            context = opened.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
            page = context.new_page()
            page.set_default_timeout(120_000)
            page.goto(f"{address}/#/ask?{urlencode({'q': question})}")
            page.locator(".card .answer").first.wait_for()
            page.wait_for_timeout(1_000)  # bars grow
            path = IMAGES / f"ask-{scheme}.png"
            below = page.locator(".card .exposures").first
            box = below.bounding_box() or {"y": height, "height": 0}  # it ends where the evidence does
            size = page.evaluate("document.body.clientWidth"), min(height, box["y"] + box["height"] + 20)
            clip = {"x": 0, "y": 0, "width": size[0], "height": size[1]}
            page.screenshot(path=path, animations="disabled", clip=clip)
            print(f"{path}: {path.stat().st_size:,} bytes")
            if path.stat().st_size > LARGEST:
                sys.exit(f"larger than {LARGEST:,} bytes; give a smaller --width or --height")
            context.close()
        opened.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("question")
    parser.add_argument("--width", type=int, default=760)  # it is read on phones, too
    parser.add_argument("--height", type=int, default=1050)
    given = parser.parse_args()
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        sys.exit("no Chromium or Chrome on this machine; install one, for example: apt-get install chromium")
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "closedbook", "serve", str(given.run), "--port", str(port)])
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(address, server)
        take(address, given.question, given.width, given.height, browser)
    finally:
        server.terminate()
        server.wait(20)


if __name__ == "__main__":
    main()
