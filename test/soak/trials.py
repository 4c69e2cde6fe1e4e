"""The trials: what is spoilt, what is run then, who judges. A trial's seed is its name, so that one can be repeated alone."""
import glob
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from random import Random
from threading import Lock

import h5py

import judge
import rot
import spoil
from content import content_of
from detcal import detcal
from runs import DARKS, MODULES, SETUPS, correct, make_base

# Datasets that are spoilt in all modules alike, too, so that only the file itself can tell.
EVERYWHERE = ("INDEX/trainId", "INDEX/image/first", "INDEX/image/count", "image/trainId", "image/pulseId", "image/cellId")
COMMANDS = ("correct/", "inspect/", "validate/", "dark/", "rot/")
ROT = {"constants": 200, "catalogue": 100, "raw-structure": 150, "raw-values": 50}


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


class Bases:
    """Sound runs and their results, each made when it is first asked for."""

    def __init__(self, root):
        self.root, self._made, self._lock = root, {}, Lock()

    def __call__(self, name, written_by="hdf5"):
        return self._once((name, written_by), lambda: make_base(self.root, name, written_by=written_by))

    def dark(self, name):
        return self._once((name, "dark"), lambda: self._make_dark(name))

    def sound(self, command, base):
        return self._once((base.raw, command), lambda: detcal(command, base.raw))

    def _once(self, key, make):
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]

    def _make_dark(self, name):
        base = make_base(self.root, f"dark-{name}", DARKS[name])
        base.expected = _dark_constants(base.raw, os.path.join(self.root, f"found-{name}"))[1]
        assert len(base.expected) >= len(MODULES)
        return base


def trials_of(bases, only=()):
    """All trials in a fixed order, or those whose name contains one of `only`; runs are made only where they are needed."""
    for prefix, trials in _families(bases):
        # A text that begins like a trial's name leaves other families alone.
        if not only or any(prefix.startswith(text) or text.startswith(prefix) or not text.startswith(COMMANDS) for text in only):
            yield from (trial for trial in trials() if not only or any(text in trial.name for text in only))


def _families(bases):
    def ids(command, setup, make, wanted=lambda scope, dataset: True):
        def trials():
            for scope, dataset, kind in _places(bases(setup)):
                if wanted(scope, spoil.short(dataset)):
                    name = f"{command}/{setup}/{scope}/{spoil.short(dataset)}/{kind}"
                    yield Trial(name, make(bases, setup, scope, dataset, kind))

        return f"{command}/{setup}/", trials

    for setup in SETUPS:
        yield ids("correct", setup, _correction)
    for command in ("inspect", "validate"):
        yield ids(command, "agipd", _check(command), lambda scope, _: scope == "one")
    for setup in DARKS:
        yield ids("dark", setup, _dark, lambda scope, dataset: scope == "one" and dataset.startswith(judge.IDENTITY))
    for what, count in ROT.items():
        yield f"rot/{what}/", lambda what=what, count=count: (Trial(f"rot/{what}/{k}", _rot(bases, what)) for k in range(count))


def _places(base):
    """Scope, dataset and kind: every dataset of a module file, the most telling of control files and of all modules at once."""
    names = spoil.datasets_of(base.module_file(0))
    for dataset in names:
        for kind in spoil.KINDS:
            yield "one", dataset, kind
            if spoil.short(dataset) in EVERYWHERE:
                yield "all", dataset, kind
    for path in base.control_files()[:1]:
        for dataset in spoil.datasets_of(path):
            if dataset.startswith("INDEX/"):
                for kind in spoil.KINDS:
                    yield "control", dataset, kind


def _copy_run(base, folder, own):
    """A run folder whose files are links to the sound ones, but for those that will be written to."""
    raw = os.path.join(folder, "raw")
    os.makedirs(raw)
    for path in glob.glob(f"{base.raw}/*.h5"):
        target = os.path.join(raw, os.path.basename(path))
        if path in own:
            shutil.copyfile(path, target)
        else:
            os.symlink(path, target)
    return raw


def _spoilt_run(base, scope, dataset, kind, folder, random):
    """Raw folder and what is known of the spoiling, or None."""
    modules = MODULES if scope == "all" else (random.choice(MODULES),)
    own = base.control_files()[:1] if scope == "control" else [base.module_file(module) for module in modules]
    raw = _copy_run(base, folder, own)
    seed = random.random()
    for path, module in zip(own, modules):
        there = dataset.replace("/0CH0:", f"/{module}CH0:")
        written = spoil.spoil(os.path.join(raw, os.path.basename(path)), there, kind, Random(seed))
        if written is None:
            return None
    named = judge.words_of(own)
    dataset = None if scope == "control" else written.dataset
    return raw, judge.Suspect(dataset, written.after.ravel().tolist(), scope == "all", named)


def _correction(bases, setup, scope, dataset, kind):
    def run(folder, random):
        base = bases(setup)
        made = _spoilt_run(base, scope, dataset, kind, folder, random)
        return made and _corrected(base, made[1], made[0], base.catalogue, folder)

    return run


def _corrected(base, suspect, raw, catalogue, folder):
    out = os.path.join(folder, "proc")
    ended = correct(raw, catalogue, out)
    return judge.judge_correction(base, suspect, ended, content_of(out))


def _check(command):
    def make(bases, setup, scope, dataset, kind):
        def run(folder, random):
            base = bases(setup)
            made = _spoilt_run(base, scope, dataset, kind, folder, random)
            return made and judge.judge_check(command, made[1], detcal(command, made[0]), bases.sound(command, base))

        return run

    return make


def _dark(bases, setup, scope, dataset, kind):
    def run(folder, random):
        base = bases.dark(setup)
        made = _spoilt_run(base, scope, dataset, kind, folder, random)
        if made is None:
            return None
        ended, found = _dark_constants(made[0], os.path.join(folder, "found"))
        return judge.judge_dark(base.expected, found, ended)

    return run


def _dark_constants(raw, catalogue):
    """Runs `detcal dark`; checksums of all constants that it entered, by their place."""
    ended = detcal("dark", "--run", raw, "--catalogue", catalogue, "--workers", 1)
    found = {}
    for path in glob.glob(f"{catalogue}/**/*.h5", recursive=True):
        with h5py.File(path, "r") as file:
            file.visititems(lambda name, item: found.update({name: _checksum(item)}) if isinstance(item, h5py.Dataset) else None)
    return ended, found


def _checksum(dataset):
    return hashlib.blake2b(dataset[()].tobytes()).hexdigest()


def _rot(bases, what):
    raw = {"raw-structure": rot.structure, "raw-values": rot.values}

    def run(folder, random):
        setup = random.choice(("agipd", "lpd", "lpd-parallel", "dssc"))
        if what in raw:
            return _rotten_run(bases(setup, random.choice(("hdf5", "detcal"))), raw[what], folder, random)
        return _rotten_catalogue(bases(setup), what, folder, random)

    return run


def _rotten_run(base, places, folder, random):
    control = base.control_files()[:1] if random.random() < 0.1 else []
    (victim,) = control or [base.module_file(random.choice(MODULES))]
    raw = _copy_run(base, folder, [victim])
    done = rot.rot(os.path.join(raw, os.path.basename(victim)), places(victim), random, places is rot.structure)
    dataset = None if control or done.dataset is None else spoil.short(done.dataset)
    verdict = _corrected(base, judge.Suspect(dataset, words=judge.words_of([victim])), raw, base.catalogue, folder)
    return _explained(verdict, base, victim, done)


def _rotten_catalogue(base, what, folder, random):
    """One of the constants files, or the list of them; the others are links to the sound ones."""
    constants = sorted(glob.glob(f"{base.catalogue}/**/*.h5", recursive=True))
    victim = random.choice(constants) if what == "constants" else os.path.join(base.catalogue, "catalogue.sqlite")
    catalogue = os.path.join(folder, "catalogue")
    copy = lambda path, to: os.link(path, to) if path in constants and path != victim else shutil.copyfile(path, to)
    shutil.copytree(base.catalogue, catalogue, copy_function=copy)
    structure = what == "constants" and random.random() < 0.3
    places = rot.structure(victim) if structure else rot.anywhere(victim)
    path = os.path.join(catalogue, os.path.relpath(victim, base.catalogue))
    done = rot.rot(path, places, random, rarely_zero=structure or what == "catalogue")
    suspect = judge.Suspect(words=(os.path.basename(victim), folder))
    return _explained(_corrected(base, suspect, base.raw, catalogue, folder), base, victim, done)


def _explained(verdict, base, victim, done):
    verdict.why = f"{base.label}, {os.path.basename(victim)}, {done}. {verdict.why}"
    return verdict
