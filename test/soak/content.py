"""What CORR files hold, by h5py: frames by train, and every number beside them. Shares nothing with detcal's readers."""
import glob
import hashlib
import os
from dataclasses import dataclass, field

import h5py
import numpy as np

PIXELS = ("data", "gain", "mask")
IDS = ("trainId", "pulseId", "cellId")


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
    planes = [image[name][row] for name in PIXELS]
    pixels = hashlib.blake2b(b"".join(np.ascontiguousarray(plane).tobytes() for plane in planes)).hexdigest()
    return Frame(int(image["pulseId"][row]), int(image["cellId"][row]), pixels, bool(planes[2].all()))
