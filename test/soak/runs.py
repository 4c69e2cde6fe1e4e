"""The sound runs that are spoilt: a few trains and cells of three modules, and what a correction makes of them."""
import glob
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from threading import Lock

import h5py
import numpy as np

from content import COMBINED, content_of
from detcal import DONE, detcal

MODULES = (0, 1, 2)
TRAINS, CELLS = 4, 3

# Name of a set-up: options of `detcal simulate`.
SETUPS = {
    "agipd": ("--detector", "agipd1m"),
    "lpd": ("--detector", "lpd1m"),
    "lpd-parallel": ("--detector", "lpd1m", "--parallel-gain"),
    "dssc": ("--detector", "dssc1m"),
    "agipd-0.5": ("--detector", "agipd1m", "--format-version", "0.5"),
}
DARKS = {
    "dssc": ("--detector", "dssc1m", "--kind", "dark"),
    "lpd-parallel": ("--detector", "lpd1m", "--parallel-gain", "--kind", "dark"),
}


@dataclass
class Base:
    """A sound run and its results."""

    label: str
    raw: str
    catalogue: str
    expected: object  # Content of its CORR files
    said: frozenset  # problems that the sound run has, too

    def module_file(self, module):
        (path,) = set(glob.glob(f"{self.raw}/RAW-*[A-Z]{module:02d}-S00000.h5")) - set(self.control_files())
        return path

    def control_files(self):
        return sorted(glob.glob(f"{self.raw}/RAW-*-DA*.h5"))


def make_base(root, name, options=None, written_by="hdf5"):
    """Simulates a run; `written_by` hdf5 has the HDF5 library write its files once more, as the facility's are."""
    folder = os.path.join(root, f"{name}-{written_by}")
    size = ("--trains", TRAINS, "--cells", CELLS, "--modules", ",".join(map(str, MODULES)), "--switched", "0.02", "--workers", 1)
    _sound(detcal("simulate", folder, *(options or SETUPS[name]), *size))
    raw = os.path.join(folder, "raw", "r0001")
    for path in glob.glob(f"{raw}/*.h5"):
        if written_by == "hdf5":
            subprocess.run(["h5repack", path, path + ".new"], check=True)
            os.replace(path + ".new", path)
        if name.endswith("0.5"):
            _to_last_and_status(path)
    catalogue = os.path.join(folder, "catalogue")
    base = Base(f"{name} by {written_by}", raw, catalogue, None, frozenset())
    if options is None:
        out = os.path.join(folder, "proc")
        ended = _sound(correct(raw, catalogue, out))
        base.expected, base.said = content_of(out), frozenset(ended.problems)
        assert not base.expected.torn and set(base.expected.modules) == set(MODULES), base.expected.torn
        shutil.rmtree(out)
    return base


def correct(raw, catalogue, out):
    # Files of format 0.5 do not tell when they were taken.
    options = ("--workers", 1, "--memory", "150MiB", "--constants-cache", "off", "--no-sync", "--json", "--at", "2020-01-02")
    options += ("--combined", os.path.join(out, COMBINED))
    return detcal("correct", raw, "--catalogue", catalogue, "--out", out, *options)


def _sound(ended):
    assert ended.code == DONE and not ended.hung, ended.stderr
    return ended


def _to_last_and_status(path):
    """INDEX of the oldest files: first, last and status instead of first and count."""
    with h5py.File(path, "r+") as file:
        groups = []
        file["INDEX"].visititems(lambda _, item: groups.append(item) if isinstance(item, h5py.Group) and "count" in item else None)
        for group in groups:
            first, count = group["first"][:], group["count"][:]
            del group["count"]
            group["last"] = (first + np.maximum(count, 1) - 1).astype("u8")
            group["status"] = (count > 0).astype("u4")


def dark_constants(raw, catalogue):
    """Runs `detcal dark`; checksums of all constants that it entered, by their place."""
    ended = detcal("dark", "--run", raw, "--catalogue", catalogue, "--workers", 1)
    found = {}
    for path in glob.glob(f"{catalogue}/**/*.h5", recursive=True):
        with h5py.File(path, "r") as file:
            file.visititems(lambda name, item: found.update({name: _checksum(item)}) if isinstance(item, h5py.Dataset) else None)
    return ended, found


def _checksum(dataset):
    return hashlib.blake2b(dataset[()].tobytes()).hexdigest()


def copy_run(base, folder, own):
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
        base.expected = dark_constants(base.raw, os.path.join(self.root, f"found-{name}"))[1]
        assert len(base.expected) >= len(MODULES)
        return base
