"""The command as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CLIENT = Path(__file__).parents[2] / "client"
HEAVY = "print([name for name in ('httpx2', 'rich', 'api', 'service', 'torch') if name in sys.modules])"


def _python(*arguments: str, before: Path | None = None) -> subprocess.CompletedProcess[str]:
    path = CLIENT if before is None else f"{before}:{CLIENT}"
    environment = {"PYTHONPATH": str(path), "NO_COLOR": "1"}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False)


def test_help_answers_without_loading_what_only_commands_need() -> None:
    program = f"import sys\nfrom cellsmith.cli import app\napp(['--help'], standalone_mode=False)\n{HEAVY}"
    done = _python("-c", program)
    assert done.stdout.splitlines()[-1] == "[]"


def test_wrong_usage_has_an_exit_code_of_its_own() -> None:
    assert _python("-m", "cellsmith", "submit").returncode == 2
    assert _python("-m", "cellsmith", "front", "zero").returncode == 2
    assert _python("-m", "cellsmith", "conquer").returncode == 2


def test_an_interruption_while_the_command_is_loading_shows_no_traceback(tmp_path: Path) -> None:
    interrupted = "import signal, time; signal.raise_signal(signal.SIGINT); time.sleep(60)"
    (tmp_path / "typer.py").write_text(interrupted)
    done = _python("-m", "cellsmith", "jobs", before=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
