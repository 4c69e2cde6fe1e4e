"""What CORR files hold, by h5py: frames by train, and every number beside them. Shares nothing with detcal's readers."""
import glob
import hashlib
import os
from collections import Counter
from dataclasses import dataclass, field

import h5py
import numpy as np

PIXELS = ("data", "gain", "mask")
IDS = ("trainId", "pulseId", "cellId")
COMBINED = "run.cxi"
PULSE_LIMIT = 9999  # EXtra-data takes a pulse id from here on for "no pulse"


@dataclass
class Frame:
    pulse: int
    cell: int
    pixels: str  # checksum of data, gain and mask, bit by bit
    masked: bool  # every pixel is marked bad


@dataclass
class Train:
    frames: list = field(default_factory=list)
    values: dict = field(default_factory=dict)  # "INDEX/flag", "header/pulseCount", …: list of numbers


@dataclass
class Content:
    modules: dict = field(default_factory=dict)  # module -> train id -> Train
    torn: list = field(default_factory=list)  # what contradicts itself


def content_of(folder):
    """Reads all CORR files of a folder; what cannot be read or contradicts itself is in `torn`."""
    content = Content()
    for path in sorted(glob.glob(os.path.join(folder, "CORR-*.h5"))):
        try:
            with h5py.File(path, "r") as file:
                _read(file, content)
        except (OSError, KeyError, ValueError, IndexError) as error:
            content.torn.append(f"{os.path.basename(path)}: {error}")
    if content.modules and os.path.exists(os.path.join(folder, COMBINED)):
        with h5py.File(os.path.join(folder, COMBINED), "r") as file:
            _compare_combined(file["entry_1"], content)
    return content


def _read(file, content):
    ids = [int(train) for train in file["INDEX/trainId"][:]]
    for detector in file["INSTRUMENT"].values():
        for name, source in (detector["CORR"].items() if "CORR" in detector else ()):
            trains = content.modules.setdefault(int(name.split("CH")[0]), {})
            index = file["INDEX" + source.name[len("/INSTRUMENT"):]]
            for row, train in enumerate(ids):
                if train in trains:
                    content.torn.append(f"{name}: train {train} twice")
                trains[train] = _train(file, index, source, row, train, content)


def _train(file, index, source, row, train, content):
    found = Train(values={f"INDEX/{name}": [file[f"INDEX/{name}"][row]] for name in ("flag", "timestamp", "origin")})
    for group in source:
        first, count = int(index[f"{group}/first"][row]), int(index[f"{group}/count"][row])
        found.values[f"INDEX/{group}/count"] = [count]
        for name, dataset in source[group].items():
            if count and len(dataset) < first + count:
                content.torn.append(f"{group}/{name}: {len(dataset)} rows, INDEX counts {first + count}")
            elif group != "image" or name not in PIXELS + IDS:
                found.values[f"{group}/{name}"] = list(dataset[first:first + count].ravel())
        if group == "image":
            found.frames = [_frame(source[group], k, train, content) for k in range(first, first + count)]
    return found


def _frame(image, row, train, content):
    if int(image["trainId"][row]) != train:
        content.torn.append(f"image/trainId has {image['trainId'][row]} where INDEX has {train}")
    mask = image["mask"][row]
    return Frame(int(image["pulseId"][row]), int(image["cellId"][row]), _checksum(image, row), bool(mask.all()))


def _checksum(images, place):
    planes = [np.ascontiguousarray(images[name][place]).tobytes() for name in PIXELS]
    return hashlib.blake2b(b"".join(planes)).hexdigest()


def _doubtful(pulses):
    """The pulse ids of a train that do not say which pulse it was."""
    return {pulse for pulse, times in Counter(pulses).items() if times > 1 or not 0 <= pulse < PULSE_LIMIT}


def _compare_combined(entry, content):
    """
    The combined file holds each frame of each CORR file, bit by bit and under the same ids, and no other. A frame whose pulse
    id in the CORR file, as it is stored, cannot be or is there twice stands in the combined file under that of the other modules.
    """
    images = entry["instrument_1/detector_1"]
    found = {module: [] for module in content.modules}
    for row, (train, pulse) in enumerate(zip(entry["trainId"][:], entry["pulseId"][:])):
        if entry["experiment_identifier"].asstr()[row] != f"{train}:{pulse}":
            content.torn.append(f"experiment_identifier {entry['experiment_identifier'][row]} is not {train}:{pulse}")
        for module, frames in found.items():
            if not images["mask"][row, module].all():
                frames.append((int(train), int(pulse), int(entry["cellId"][row, module]), _checksum(images, (row, module))))
    for module, trains in content.modules.items():
        due = Counter((train, f.pulse, f.cell, f.pixels) for train, t in trains.items() for f in t.frames if not f.masked)
        there = Counter(found[module])
        doubtful = {(train, pulse) for train, t in trains.items() for pulse in _doubtful([f.pulse for f in t.frames])}
        missing, odd = list((due - there).elements()), list((there - due).elements())
        without_pulse = lambda frames: sorted((train, cell, pixels) for train, _, cell, pixels in frames)
        if any(frame[:2] not in doubtful for frame in missing) or without_pulse(missing) != without_pulse(odd):
            content.torn.append(f"module {module}: the combined file has other frames than CORR")
