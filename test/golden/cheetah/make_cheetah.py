"""Writes a Cheetah calibration file with h5py, and what Cheetah's formula makes of the golden run with it.

The run is ../run's, module 0: h5py reads the pixels, numpy computes, detcal has no part in it. The formula is that
of Cheetah's AGIPD calibrator, thresholds strictly exceeded, in float32 with one rounding an operation; where Cheetah
writes 0 for a bad pixel, its mask says EXPERT_CHOICE here and the value stays.

    python3 make_cheetah.py        # h5py 3.7, numpy 1.24
"""
import gzip
import hashlib
import io
import json
import sys
from pathlib import Path

import h5py
import numpy as np

here = Path(__file__).parent
sys.path.insert(0, str(here.parent / "run"))
import pixels  # noqa: E402

F32 = np.float32
CELLS, MODULE, SOURCE = 3, 0, "SPB_DET_AGIPD1M-1/DET/0CH0:xtdf"
EXPERT_CHOICE, NAN_BIT, RANGE_BIT = (np.uint32(1 << bit) for bit in (23, 11, 12))


def planes(rng, make):
    """(gain, cell, ss, fs)"""
    return np.stack([np.stack([make(g, c) for c in range(CELLS)]) for g in range(3)])


def at_places(rng, array, values, count=40):
    for value in values:
        y, x = pixels.places(rng, count)
        array[rng.integers(0, 3, count), rng.integers(0, CELLS, count), y, x] = value
    return array


def constants(rng):
    tile = lambda low, high: pixels.tiled(rng, low, high, False, 8)
    levels = [3000, *((pixels.LEVELS[:-1] + pixels.LEVELS[1:]) // 2)]
    offset = planes(rng, lambda g, c: [5000, 5600, 5900][g] + 7 * c + tile(0, 80))
    level = planes(rng, lambda g, c: levels[g] + c + tile(0, 90))
    gain = planes(rng, lambda g, c: [1, 29.7, 131.1][g] * (1 + tile(0, 8) / 57))
    return {
        "AnalogOffset": at_places(rng, offset, [-1, 0, 32767]).astype("<i2"),
        "DigitalGainLevel": at_places(rng, level, [0, 32768, 65535]).astype("<u2"),
        "RelativeGain": at_places(rng, gain, [np.nan, np.inf, 0, -1, 1e30], 12).astype("<f4"),
        "Badpixel": at_places(rng, np.zeros(offset.shape), [1, 2, 255]).astype("u1"),
    }


def correct(raw, cell, c):
    s, r = raw[0].astype(F32), raw[1]
    level = c["DigitalGainLevel"][:, cell]
    g = np.where(r > level[2], 2, np.where(r > level[1], 1, 0))
    of = lambda name: np.choose(g, c[name][:, cell])
    with np.errstate(all="ignore"):
        d = (s - of("AnalogOffset").astype(F32)) * of("RelativeGain")
        mask = np.where(of("Badpixel") != 0, EXPERT_CHOICE, np.uint32(0))
        mask = np.where(np.isfinite(d), mask, mask | NAN_BIT)
        mask = np.where(np.abs(d) > 1e7, mask | RANGE_BIT, mask).astype(np.uint32)
    assert d.dtype == F32
    d = np.where(np.isnan(d), np.array([0x7FC00000], np.uint32).view(F32)[0], d)
    return d.astype("<f4"), g.astype("u1"), mask.astype("<u4")


def frames(path):
    """(pixels, cell) of each frame, train by train."""
    with h5py.File(io.BytesIO(gzip.decompress(path.read_bytes()))) as file:
        index = file[f"INDEX/{SOURCE}/image"]
        image = file[f"INSTRUMENT/{SOURCE}/image"]
        trains = np.count_nonzero(file["INDEX/trainId"][()])
        for first, count in zip(index["first"][:trains].ravel(), index["count"][:trains].ravel()):
            for row in range(int(first), int(first + count)):
                yield image["data"][row], int(image["cellId"][row].ravel()[0])


def main():
    rng = np.random.default_rng(20241127)
    c = constants(rng)
    path = here / "cheetah.h5"
    with h5py.File(path, "w") as file:
        for name, array in c.items():
            # As h5py's users do and as IDL does: in chunks, and in one piece.
            file.create_dataset(name, data=array, **(dict(compression="gzip") if name == "Badpixel" else {}))
    (here / "cheetah.h5.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
    path.unlink()
    digest = lambda array: hashlib.sha256(array.tobytes()).hexdigest()
    runs = sorted((here.parent / "run/files/raw/r0001").glob("RAW-R0001-AGIPD00-S*.h5.gz"))
    expected = {
        "versions": f"h5py {h5py.__version__}, numpy {np.__version__}",
        "module": MODULE,
        "steps": ["threshold", "offset", "relative-gain", "mask", "range"],
        "files": [[[digest(part) for part in correct(raw, cell, c)] for raw, cell in frames(path)] for path in runs],
    }
    (here / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


main()
