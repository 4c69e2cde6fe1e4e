"""Trials of single spoilt bytes: in constants files, in the catalogue, in the structure and the small datasets of RAW files."""
import glob
import os
import shutil

import judge
import rot
import spoil
from runs import MODULES, copy_run
from spoilt_numbers import corrected

# How many there are of each.
BYTES = {"constants": 200, "catalogue": 100, "raw-structure": 150, "raw-values": 50}


def rotten(bases, what):
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
    raw = copy_run(base, folder, [victim])
    done = rot.rot(os.path.join(raw, os.path.basename(victim)), places(victim), random, places is rot.structure)
    dataset = None if control or done.dataset is None else spoil.short(done.dataset)
    verdict = corrected(base, judge.Suspect(dataset, words=judge.words_of([victim])), raw, base.catalogue, folder)
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
    return _explained(corrected(base, suspect, base.raw, catalogue, folder), base, victim, done)


def _explained(verdict, base, victim, done):
    verdict.why = f"{base.label}, {os.path.basename(victim)}, {done}. {verdict.why}"
    return verdict
