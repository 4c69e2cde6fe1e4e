"""Runs the built command, so that a crash, a hang and a stack trace are told apart from an answer."""
import json
import os
import re
import signal
import subprocess
from collections import namedtuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MAIN = os.path.join(ROOT, "dist", "src", "cli", "main.js")

# What takes a third of a second is given a hundred times that on a busy machine.
LIMIT = 40

DONE, PROBLEMS = 0, 1

# A library's voice or a stack: no message for people.
FOREIGN = ("HDF5-DIAG", "Aborted", "internal error", "\n    at ", "panicked", "node:internal", "RangeError", "TypeError")

PROGRESS = re.compile(r"\d+/\d+ trains, ")


class Ended(namedtuple("Ended", "code hung stdout stderr")):
    """How a command ended; `code` is negative for a signal."""

    @property
    def breakdown(self):
        """What no input may ever cause, in words; None if it did not happen."""
        if self.hung:
            return f"hang: no end within {LIMIT} s"
        if self.code < 0 or self.code > 128:
            number = -self.code if self.code < 0 else self.code - 128
            return f"crash: {signal.Signals(number).name}"
        foreign = next((text for text in FOREIGN if text in self.stderr), None)
        if self.code not in (DONE, PROBLEMS) or foreign:
            text = " ".join(self.stderr.split())
            start = max(0, text.find((foreign or "detcal:").strip()))
            return f"exit {self.code}, {text[start:start + 140]}"
        return None

    @property
    def problems(self):
        """What stderr says, progress aside, and what --json adds to it."""
        said = [line for line in self.stderr.splitlines() if line and not PROGRESS.match(line)]
        try:
            listed = json.loads(self.stdout).get("problems", [])
        except (ValueError, AttributeError):
            listed = []
        return said + [json.dumps(problem, sort_keys=True) for problem in listed]


def detcal(*arguments, limit=LIMIT):
    """Runs `detcal …` to its end, or kills it and its threads after `limit` seconds."""
    environment = {**os.environ, "XDG_CACHE_HOME": "/nonexistent", "NO_COLOR": "1"}
    child = subprocess.Popen(
        ["node", MAIN, *map(str, arguments)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        errors="replace",
    )
    try:
        stdout, stderr = child.communicate(timeout=limit)
        return Ended(child.returncode, False, stdout, stderr)
    except subprocess.TimeoutExpired:
        child.kill()
        stdout, stderr = child.communicate()
        return Ended(child.returncode, True, stdout, stderr)
