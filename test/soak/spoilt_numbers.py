"""Trials of spoilt numbers: ids and counts of a run that is corrected, inspected, validated or characterised then."""
import os
from random import Random

import judge
import spoil
from content import content_of
from detcal import detcal
from runs import MODULES, copy_run, correct, dark_constants

# Datasets that are spoilt in all modules alike, too, so that only the file itself can tell.
EVERYWHERE = ("INDEX/trainId", "INDEX/image/first", "INDEX/image/count", "image/trainId", "image/pulseId", "image/cellId")


def places_of(base):
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


def _spoilt_run(base, scope, dataset, kind, folder, random):
    """Raw folder and what is known of the spoiling, or None."""
    modules = MODULES if scope == "all" else (random.choice(MODULES),)
    own = base.control_files()[:1] if scope == "control" else [base.module_file(module) for module in modules]
    raw = copy_run(base, folder, own)
    seed = random.random()
    for path, module in zip(own, modules):
        there = dataset.replace("/0CH0:", f"/{module}CH0:")
        written = spoil.spoil(os.path.join(raw, os.path.basename(path)), there, kind, Random(seed))
        if written is None:
            return None
    named = judge.words_of(own)
    dataset = None if scope == "control" else written.dataset
    return raw, judge.Suspect(dataset, written.after.ravel().tolist(), scope == "all", named)


def correction(bases, setup, scope, dataset, kind):
    def run(folder, random):
        base = bases(setup)
        made = _spoilt_run(base, scope, dataset, kind, folder, random)
        return made and corrected(base, made[1], made[0], base.catalogue, folder)

    return run


def corrected(base, suspect, raw, catalogue, folder):
    out = os.path.join(folder, "proc")
    ended = correct(raw, catalogue, out)
    return judge.judge_correction(base, suspect, ended, content_of(out))


def check(command):
    def make(bases, setup, scope, dataset, kind):
        def run(folder, random):
            base = bases(setup)
            made = _spoilt_run(base, scope, dataset, kind, folder, random)
            return made and judge.judge_check(command, made[1], detcal(command, made[0]), bases.sound(command, base))

        return run

    return make


def dark(bases, setup, scope, dataset, kind):
    def run(folder, random):
        base = bases.dark(setup)
        made = _spoilt_run(base, scope, dataset, kind, folder, random)
        if made is None:
            return None
        ended, found = dark_constants(made[0], os.path.join(folder, "found"))
        return judge.judge_dark(base.expected, found, ended)

    return run
