"""The whole way on this machine: a service, a search on real scans, its front, and the best cell as one file.

    python -m examples.demo [JOB.json [FOLDER]]

Starts what it needs, shows every command it runs, and stops what it started. `make demo` calls it. Without a JOB it
is the one in digits.json; the best cell goes into FOLDER, `demo-export` if none is named.
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
START_SECONDS = 60
LOG_LINES = 20
INTERRUPTED = 130


def main() -> int:
    """0 where everything held, 130 where it was interrupted."""
    try:
        demonstrate()
    except KeyboardInterrupt:
        say("Everything is stopped.")
        return INTERRUPTED
    return 0


def demonstrate() -> None:
    """The whole way; SystemExit with a sentence where something did not hold."""
    started = time.monotonic()
    file = Path(sys.argv[1] if len(sys.argv) > 1 else "examples/digits.json")
    export = Path(sys.argv[2] if len(sys.argv) > 2 else "demo-export")
    data = "1,797 handwritten digits" if file.name == "digits.json" else f"what {file} names"
    say(f"Cellsmith demo: a search on {data}, on this machine alone.")
    folder = tempfile.TemporaryDirectory(prefix="cellsmith-demo-", ignore_cleanup_errors=True)
    with folder as scratch, service(Path(scratch)) as url:
        os.environ["CELLSMITH_URL"] = url
        job = json.loads(cellsmith("submit", str(file), "--json", show=f"submit {file}"))
        id = str(job["id"])
        say(f"job {id} is queued")
        cellsmith("watch", id, capture=False)
        ended = json.loads(cellsmith("watch", id, "--json", show=None))["progress"]
        trials = ended["done"] + ended["stopped"] + ended["failed"]
        say(f"\n{trials} trials, {ended['done']} of them trained fully")
        points = json.loads(cellsmith("front", id, "--json", show=None))["points"]
        best = max(points, key=lambda point: point["accuracy"])
        cellsmith("export", id, str(best["number"]), "-o", str(export), "--force", capture=False)
        say("\nDoes the exported file score the same, in a process that can import torch alone?")
        check(Path(scratch), export, best["accuracy"], job["spec"]["dataset"], job["spec"]["seed"])
    say(f"\nEverything is stopped. {export}/model.py is yours: plain PyTorch. ({time.monotonic() - started:.0f} s)")


@contextlib.contextmanager
def service(scratch: Path) -> Iterator[str]:
    """A service of our own on a free port, its data in `scratch`, the end of its log shown where the demo fails."""
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
        wait_until_it_answers(f"{url}/healthz", process)
        yield url
    except SystemExit:
        say("\nThe end of the service's log:\n" + "\n".join(log.read_text().splitlines()[-LOG_LINES:]))
        raise
    except KeyboardInterrupt:
        say("\nInterrupted. Stopping what was started, which may take 20 seconds ...")
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def wait_until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    """Returns when the service answers; ends the demo where it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1):
            return
        time.sleep(0.1)
    sys.exit("The service does not answer.")


def cellsmith(*words: str, capture: bool = True, show: str | None = "") -> str:
    """Runs one `cellsmith` command, shown first unless `show` is None; its output where it is captured."""
    if show is not None:
        say(f"\n$ cellsmith {show or ' '.join(words)}")
    done = subprocess.run([sys.executable, "-m", "cellsmith", *words], stdout=subprocess.PIPE if capture else None)
    if done.returncode:
        sys.exit(f"cellsmith {words[0]} ended with {done.returncode}.")
    return done.stdout.decode() if capture else ""


def check(scratch: Path, export: Path, accuracy: float, dataset: str, seed: int) -> None:
    """Has `check_export.py` score the exported file on the validation images, in a process of its own."""
    import torch

    from workers.data.load import load
    from workers.data.splits import split

    validation = split(load(dataset), seed).validation
    images = scratch / "validation.pt"
    torch.save({"x": torch.tensor(validation.images_NCHW), "y": torch.tensor(validation.labels_N)}, images)
    script = str(ROOT / "examples/check_export.py")
    arguments = [sysconfig.get_path("purelib"), str(export), str(images), repr(accuracy)]
    # a process group of its own, so that Ctrl-C reaches us alone and shows no traceback of the script
    done = subprocess.run([sys.executable, "-I", "-S", "-B", script, *arguments], process_group=0)
    if done.returncode:
        sys.exit("The exported file is not what was measured.")


def say(line: str) -> None:
    """Prints at once."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
