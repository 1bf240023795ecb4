"""Runs a command and measures it: time, CPU time and memory of all of its processes."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

INTERVAL = 0.1  # seconds between two looks at the memory


@dataclass(frozen=True)
class Measured:
    """What a command took, and what it printed.

    seconds, cpu_seconds: of time and of CPU time. peak_memory: bytes at the most.
    """

    seconds: float
    cpu_seconds: float
    peak_memory: int
    printed: str = ""


def measured(*command: str, cwd: Path | None = None, **environment: str) -> Measured:
    """Run a command to its end, and measure it and the processes that it starts.

    Memory is the sum of what its processes hold (resident set size), looked at ten times a second.
    Raises CalledProcessError where the command fails, with what it printed.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    before = os.times()
    peak = 0
    while process.poll() is None:
        peak = max(peak, _resident(process.pid))
        time.sleep(INTERVAL)
    seconds = time.perf_counter() - start
    after = os.times()
    printed, _ = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, printed)
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return Measured(seconds, cpu, peak, printed)


def _resident(pid: int) -> int:
    """The bytes that a process and its descendants hold; 0 where it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        threads = Path(f"/proc/{pid}/task").iterdir()
        children = [child for task in threads for child in (task / "children").read_text().split()]
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(_resident(int(child)) for child in children)
