"""All trials by name. A trial's seed is its name, so that one can be repeated alone."""
import shutil
import tempfile
from dataclasses import dataclass
from random import Random

import judge
import spoilt_numbers as numbers
from runs import DARKS, SETUPS
from spoil import short
from spoilt_bytes import BYTES, rotten

COMMANDS = ("correct/", "inspect/", "validate/", "dark/", "rot/")


@dataclass
class Trial:
    name: str
    run: object  # (folder, random) -> Verdict, or None where the file cannot hold such a fault

    def verdict(self, seed):
        folder = tempfile.mkdtemp(prefix="detcal-soak-")
        try:
            return self.run(folder, Random(f"{seed}/{self.name}"))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def trials_of(bases, only=()):
    """All trials in a fixed order, or those whose name contains one of `only`; runs are made only where they are needed."""
    for prefix, trials in _families(bases):
        # A text that begins like a trial's name leaves other families alone.
        if not only or any(prefix.startswith(text) or text.startswith(prefix) or not text.startswith(COMMANDS) for text in only):
            yield from (trial for trial in trials() if not only or any(text in trial.name for text in only))


def _families(bases):
    def ids(command, setup, make, wanted=lambda scope, dataset: True):
        def trials():
            for scope, dataset, kind in numbers.places_of(bases(setup)):
                if wanted(scope, short(dataset)):
                    name = f"{command}/{setup}/{scope}/{short(dataset)}/{kind}"
                    yield Trial(name, make(bases, setup, scope, dataset, kind))

        return f"{command}/{setup}/", trials

    for setup in SETUPS:
        yield ids("correct", setup, numbers.correction)
    for command in ("inspect", "validate"):
        yield ids(command, "agipd", numbers.check(command), lambda scope, _: scope == "one")
    for setup in DARKS:
        yield ids("dark", setup, numbers.dark, lambda scope, dataset: scope == "one" and dataset.startswith(judge.IDENTITY))
    for what, count in BYTES.items():
        yield f"rot/{what}/", lambda what=what, count=count: (Trial(f"rot/{what}/{k}", rotten(bases, what)) for k in range(count))
