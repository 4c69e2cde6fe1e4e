#!/usr/bin/env python3
"""Writes golden runs of LPD-1M (adaptive and parallel gain) and DSSC-1M: RAW files and constants by h5py, and the
hashes of what CORR files must hold, computed by numpy in float32 from the table of formulas.

python3 test/golden/detectors/make_runs.py      (h5py 3.7 or later, numpy 1.24 or 2.x)

Numbers repeat with a prime period in a pattern that is not symmetric, so that files compress and a swap of axes shows.
"""
import gzip
import hashlib
import json
import sys
from pathlib import Path

import h5py
import numpy as np

f32, u32 = np.float32, np.uint32
OUT = Path(__file__).parent / "files"
CELLS, STEP = [2, 0, 1], 4
IDS = [20_000_000_000, 20_000_000_001, 20_000_000_003, 20_000_000_004]
SPECIAL = [np.nan, np.inf, -0.0, 1e-42, 3e38]


class Detector:
    def __init__(self, name, karabo, aggregator, ss, fs, parallel=False):
        self.name, self.karabo, self.aggregator, self.ss, self.fs, self.parallel = name, karabo, aggregator, ss, fs, parallel

    def pattern(self, rng, values, *shift):
        """Image (ss, fs) of `values`, shifted: element (i, j) is number (7 i + 13 j + shift) of the table."""
        table = np.asarray(values)
        i, j = np.mgrid[: self.ss, : self.fs]
        return table[(7 * i + 13 * j + int(np.dot(shift, [31, 17, 5][: len(shift)]))) % len(table)]


DETECTORS = [
    Detector("lpd", "FXE_DET_LPD1M-1", "LPD", 256, 256),
    Detector("lpd-parallel", "FXE_DET_LPD1M-1", "LPD", 256, 256, parallel=True),
    Detector("dssc", "SCS_DET_DSSC1M-1", "DSSC", 128, 512),
]


def odd(rng, values):
    values = values.astype(f32)
    values[:: len(values) // len(SPECIAL)][: len(SPECIAL)] = SPECIAL
    return rng.permutation(values)


def masks(rng):
    return np.where(rng.random(61) < 0.1, rng.integers(0, 2**32, 61, dtype=u32), 0).astype(u32)


def constants_of(d, rng):
    """By calibration: arrays (cell, stage, ss, fs)."""
    stages = 1 if d.aggregator == "DSSC" else 3

    def planes(make):
        tables = make()
        return np.array([[d.pattern(rng, tables, c, g) for g in range(stages)] for c in range(len(CELLS))])

    if stages == 1:
        return {
            "Offset": planes(lambda: odd(rng, rng.uniform(30, 60, 61))),
            "Noise": planes(lambda: rng.uniform(0.5, 1, 61).astype(f32)),
            "BadPixelsDark": planes(lambda: masks(rng)),
        }
    return {
        "Offset": planes(lambda: odd(rng, rng.uniform(700, 1100, 61))),
        "Noise": planes(lambda: odd(rng, rng.uniform(4, 12, 61))),
        "BadPixelsDark": planes(lambda: masks(rng)),
        "RelativeGain": planes(lambda: odd(rng, rng.uniform(1, 90, 61))),
        "GainAmpMap": planes(lambda: rng.uniform(0.9, 1.1, 61).astype(f32)),
        "FFMap": planes(lambda: odd(rng, rng.uniform(0.8, 1.2, 61))),
        "BadPixelsFF": planes(lambda: masks(rng)),
    }


# Without `dims`, in CalCat's orders: dark constants and relative gain of LPD transposed against images, its maps not;
# DSSC's with the slow scan first and without the last axis.
AS_IMAGES = {"GainAmpMap", "FFMap", "BadPixelsFF"}


def on_disk(d, name, array):
    if d.aggregator == "DSSC":
        return array[:, 0].transpose(1, 2, 0)
    return array.transpose(2, 3, 0, 1) if name in AS_IMAGES else array.transpose(3, 2, 0, 1)


def write_constants(path, d, pdu, constants):
    with h5py.File(path, "w") as file:
        for name, array in constants.items():
            stored = on_disk(d, name, array)
            if stored.dtype != u32:
                stored = stored.astype("f8" if name == "Offset" else "f4")
            more = {"chunks": (64, *stored.shape[1:]), "compression": 9} if d.aggregator == "LPD" else {}
            file.create_dataset(f"{pdu}/{name}/0/data", data=stored, **more)


def correct(d, raw, cell, c):
    """`raw`: (stages in parallel gain or 1, ss, fs)."""
    o, m = c["Offset"][cell], c["BadPixelsDark"][cell]
    if d.aggregator == "DSSC":
        g, wrong, v, k, planes = np.zeros(raw.shape[1:], int), u32(0), np.where(raw[0] == 0, f32(256), raw[0].astype(f32)), None, m
    else:
        planes = m | c["BadPixelsFF"][cell]
        k = (c["RelativeGain"][cell] * c["GainAmpMap"][cell]) * c["FFMap"][cell]
        v = (raw & 0xFFF).astype(f32)
        if d.parallel:
            noise = c["Noise"][cell]
            saturated = [v[s] >= f32(4095) - f32(sigma) * noise[s] for s, sigma in ((0, 5), (1, 100))]
            g, wrong = np.where(~saturated[0], 0, np.where(~saturated[1], 1, 2)), u32(0)
            v = np.take_along_axis(v, g[None], 0)[0]
        else:
            code = (raw[0] >> 12) & 3
            g, wrong, v = np.minimum(code, 2), np.where(code == 3, u32(1 << 21), u32(0)), v[0]
    pick = lambda stack: np.take_along_axis(stack, g[None], 0)[0]
    d_ = v - pick(o)
    if k is not None:
        d_ = d_ * pick(k)
    mask = pick(planes) | wrong
    mask = mask | np.where(~np.isfinite(d_), u32(1 << 11), u32(0)) | np.where(np.abs(d_) > f32(1e7), u32(1 << 12), u32(0))
    assert d_.dtype == f32 and mask.dtype == u32
    return np.where(np.isnan(d_), u32(0x7FC00000), d_.view(u32)), g.astype("u1"), mask


def raw_frame(d, rng, table, number):
    if d.aggregator == "DSSC":
        return d.pattern(rng, table, number)[None]
    return d.pattern(rng, table, number)[None]


def raw_table(d, rng):
    if d.aggregator == "DSSC":
        return np.where(rng.random(127) < 0.05, 0, rng.integers(1, 512, 127)).astype("u2")
    if d.parallel:
        # Often near the end of the scale; the upper bits are noise that nobody may read.
        high = rng.random(127) < 0.4
        return (np.where(high, rng.integers(3800, 4096, 127), rng.integers(0, 4096, 127)) | rng.integers(0, 16, 127) << 12).astype("u2")
    return (rng.integers(0, 4096, 127) | rng.choice(4, 127, p=[0.6, 0.2, 0.15, 0.05]) << 12).astype("u2")


def strings(file, path, values):
    file.create_dataset(path, data=np.array(values, dtype=object), dtype=h5py.string_dtype("ascii"), maxshape=(None,))


def write_index(file, d, sequence, trains, sources):
    strings(file, "METADATA/dataSources/dataSourceId", sources)
    strings(file, "METADATA/dataSources/root", [s.partition("/")[0] for s in sources])
    strings(file, "METADATA/dataSources/deviceId", [s.partition("/")[2] for s in sources])
    for name, text in {"dataFormatVersion": "1.2", "creationDate": "20231103T101010Z", "updateDate": "20231103T101010Z"}.items():
        strings(file, f"METADATA/{name}", [text])
    for name, number in {"proposalNumber": 700000, "runNumber": 1, "sequenceNumber": sequence}.items():
        file.create_dataset(f"METADATA/{name}", data=[number], dtype="u4")
    n = len(trains)
    columns = {"trainId": ([IDS[t] for t in trains], "u8"), "timestamp": ([1_699_006_210_000_000_000 + t for t in trains], "u8"), "flag": ([1] * n, "i4"), "origin": ([-1] * n, "i4")}
    for name, (values, dtype) in columns.items():
        file.create_dataset(f"INDEX/{name}", data=np.array(values, dtype), maxshape=(None,))
    file.require_group("RUN")


def write_raw(path, d, module, sequence, trains, frames):
    """`frames`: (train, position in the train, raw (ss, fs)) of each row."""
    source = f"{d.karabo}/DET/{module}CH0:xtdf"
    with h5py.File(path, "w") as file:
        write_index(file, d, sequence, trains, [f"INSTRUMENT/{source}/{g}" for g in ("header", "image")])
        count = [sum(f[0] == t for f in frames) for t in trains]
        first = np.concatenate([[0], np.cumsum(count)[:-1]])
        for group, f, c in (("image", first, count), ("header", range(len(trains)), [1] * len(trains))):
            file.create_dataset(f"INDEX/{source}/{group}/first", data=np.array(f, "u8"))
            file.create_dataset(f"INDEX/{source}/{group}/count", data=np.array(c, "u8"))
        root, m = f"INSTRUMENT/{source}", len(frames)
        file.create_dataset(f"{root}/header/trainId", data=np.array([IDS[t] for t in trains], "u8"))
        file.create_dataset(f"{root}/image/data", data=np.array([f[2] for f in frames])[:, None], chunks=(1, 1, d.ss, d.fs), maxshape=(None, 1, d.ss, d.fs))
        n = len(CELLS)
        # In parallel gain only the first third has ids: the others must not be believed.
        pulse = [STEP * f[1] if f[1] < n else 77 for f in frames]
        cell = [CELLS[f[1]] if f[1] < n else 60000 for f in frames]
        for name, values, dtype in (("trainId", [IDS[f[0]] for f in frames], "u8"), ("pulseId", pulse, "u8"), ("cellId", cell, "u2"), ("length", [2 * d.ss * d.fs] * m, "u4"), ("status", [0] * m, "u2")):
            file.create_dataset(f"{root}/image/{name}", data=np.array(values, dtype).reshape(m, 1))


def write_control(path, d, trains):
    """The front end's gain is overridden in parallel gain alone; DSSC's first quadrant tells gain and rate."""
    if d.aggregator == "LPD":
        properties = {f"{d.karabo}/COMP/FEM_MDL_COMP": {"femAsicGainOverride": np.array([int(d.parallel)], "u1"), "femAsicGain": np.array([100], "i4")}}
    else:
        settings = {"sequencer/cycleLength": np.array([90], "u4"), "gain/csaFbCap": np.array([3], "u4"), "gain/fcfEnCap": np.array([7], "u4"), "gain/csaResistor": np.array([2], "u4"), "gain/irampFineTrm": "Various", "epcRegisterFilePath": "/home/det/conf_TG2.5_v3.conf"}
        properties = {"SCS_CDIDET_DSSC/FPGA/PPT_Q1": settings}
    with h5py.File(path, "w") as file:
        write_index(file, d, 0, trains, [f"CONTROL/{device}" for device in properties])
        for device, values in properties.items():
            file.create_dataset(f"INDEX/{device}/first", data=np.arange(len(trains), dtype="u8"))
            file.create_dataset(f"INDEX/{device}/count", data=np.ones(len(trains), "u8"))
            for name, value in values.items():
                for root, rows in (("RUN", 1), ("CONTROL", len(trains))):
                    if isinstance(value, str):
                        strings(file, f"{root}/{device}/{name}/value", [value] * rows)
                    else:
                        file.create_dataset(f"{root}/{device}/{name}/value", data=np.repeat(value, rows))


def sha(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def make(d):
    out = OUT / d.name
    raw_dir, cal_dir = out / "raw" / "r0001", out / "constants"
    for folder in (raw_dir, cal_dir):
        folder.mkdir(parents=True, exist_ok=True)
    result = {"karaboId": d.karabo, "aggregator": d.aggregator, "constants": [], "modules": {}, "conditions": {}}
    stages = 3 if d.parallel else 1
    for module in (0,) if d.parallel else (0, 9):
        rng = np.random.default_rng([20261123, DETECTORS.index(d), module])
        constants, table = constants_of(d, rng), raw_table(d, rng)
        pdu, epoch = f"{d.aggregator}_M{module}", 1_699_000_000 + module
        write_constants(cal_dir / f"cal.{epoch}.h5", d, pdu, constants)
        result["constants"].append({"module": module, "pdu": pdu, "file": f"constants/cal.{epoch}.h5", "begin": epoch})
        files = []
        for sequence, trains in enumerate(((0, 1), (2, 3))):
            # One train of the second module has no frames.
            used = [t for t in trains if (module, t) != (9, 1)]
            frames = [(t, i, raw_frame(d, rng, table, 11 * t + i)[0]) for t in used for i in range(stages * len(CELLS))]
            write_raw(raw_dir / f"RAW-R0001-{d.aggregator}{module:02}-S{sequence:05}.h5", d, module, sequence, trains, frames)
            by_place = {(t, i): frame for t, i, frame in frames}
            hashes = []
            for t in used:
                for i, cell in enumerate(CELLS):
                    raw = np.array([by_place[t, i + s * len(CELLS)] for s in range(stages)])
                    hashes.append([sha(part) for part in correct(d, raw, cell, constants)])
            files.append({"sequence": sequence, "trains": [IDS[t] for t in trains], "counts": [len(CELLS) * (t in used) for t in trains], "pulseIds": [STEP * i for _ in used for i in range(len(CELLS))], "cellIds": CELLS * len(used), "frames": hashes})
        result["modules"][module] = files
    write_control(raw_dir / "RAW-R0001-DA01-S00000.h5", d, range(len(IDS)))
    if d.aggregator == "LPD":
        result["conditions"] = {"Memory cells": 512, "Parallel gain": int(d.parallel), "Memory cell order": "2,0,1,"}
    else:
        checksum = np.frombuffer(hashlib.blake2b(np.array([STEP * i for i in range(len(CELLS))], "u8").tobytes(), digest_size=8).digest(), "f8")[0]
        result["conditions"] = {"Memory cells": 400, "Pulse id checksum": float(checksum), "Acquisition rate": 4.5 * (22 / 90), "Target gain": 2.5, "Encoded gain": 3 + (7 << 8) + (2 << 16) + (1 << 32)}
    (out / "expected.json").write_text(json.dumps(result, indent=1) + "\n")
    for file in sorted(out.rglob("*.h5")):
        with open(f"{file}.gz", "wb") as target, gzip.GzipFile("", "wb", 9, target, mtime=0) as packed:
            packed.write(file.read_bytes())
        file.unlink()


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        for each in DETECTORS:
            make(each)
    print(sys.version.split()[0], np.__version__, h5py.__version__)
