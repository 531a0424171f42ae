"""The whole way on this machine: a service, a search on real scans, its front, and the best cell as one file.

Starts what it needs, shows every command it runs, and stops what it started. `make demo` calls it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JOB = Path("examples/digits.json")
EXPORT = Path("demo-export")
START_SECONDS = 60


def main() -> int:
    """0 where everything held."""
    started = time.monotonic()
    say("Cellsmith demo: a search on 1,797 handwritten digits, on this machine alone.")
    with tempfile.TemporaryDirectory(prefix="cellsmith-demo-") as scratch, service(Path(scratch)) as url:
        os.environ["CELLSMITH_URL"] = url
        job = json.loads(cellsmith("submit", str(JOB), "--json", show="submit examples/digits.json"))
        id = str(job["id"])
        say(f"job {id} is queued")
        cellsmith("watch", id, capture=False)
        points = json.loads(cellsmith("front", id, "--json", show=None))["points"]
        best = max(points, key=lambda point: point["accuracy"])
        cellsmith("export", id, str(best["number"]), "-o", str(EXPORT), "--force", capture=False)
        say("\nDoes the exported file score the same, in a process that can import torch alone?")
        check(Path(scratch), best["accuracy"])
    say(f"\nEverything is stopped. {EXPORT}/model.py is yours: plain PyTorch. ({time.monotonic() - started:.0f} s)")
    return 0


@contextlib.contextmanager
def service(scratch: Path) -> Iterator[str]:
    """A service of our own on a free port, its data in `scratch`, its log shown where it cannot start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = scratch / "service.log"
    environment = os.environ | {
        "CELLSMITH_PORT": str(port),
        "CELLSMITH_DATA_DIR": str(scratch / "data"),
        "CELLSMITH_PARENT": str(os.getpid()),  # the service ends with us, however we end
    }
    say(f"$ CELLSMITH_PORT={port} python -m service &")
    with log.open("w") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "service"], cwd=ROOT, env=environment, stdout=sink, stderr=subprocess.STDOUT
        )
    try:
        wait_until_it_answers(f"{url}/healthz", process, log)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def wait_until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns when the service answers; ends the demo with the log where it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1):
            return
        time.sleep(0.1)
    sys.exit(f"The service does not answer. Its log:\n{log.read_text()}")


def cellsmith(*words: str, capture: bool = True, show: str | None = "") -> str:
    """Runs one `cellsmith` command, shown first unless `show` is None; its output where it is captured."""
    if show is not None:
        say(f"\n$ cellsmith {show or ' '.join(words)}")
    done = subprocess.run([sys.executable, "-m", "cellsmith", *words], stdout=subprocess.PIPE if capture else None)
    if done.returncode:
        sys.exit(f"cellsmith {words[0]} ended with {done.returncode}")
    return done.stdout.decode() if capture else ""


def check(scratch: Path, accuracy: float) -> None:
    """Has `check_export.py` score the exported file on the validation images, in a process of its own."""
    import torch

    from workers.data.load import load
    from workers.data.splits import split

    validation = split(load("digits"), seed=json.loads(JOB.read_text())["seed"]).validation
    images = scratch / "validation.pt"
    torch.save({"x": torch.tensor(validation.images_NCHW), "y": torch.tensor(validation.labels_N)}, images)
    script = str(ROOT / "examples/check_export.py")
    arguments = [sysconfig.get_path("purelib"), str(EXPORT), str(images), repr(accuracy)]
    done = subprocess.run([sys.executable, "-I", "-S", script, *arguments])
    if done.returncode:
        sys.exit("The exported file is not what was measured.")


def say(line: str) -> None:
    """Prints at once."""
    print(line, flush=True)


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
