"""Writes the golden run: RAW files as the DAQ writes them, constants, and what a correction must give.

    make_run.py                    the committed files, gzip-ed, beside this script
    make_run.py --random OUT [--seed S] [--modules 0,4,15] [--trains 24] [--chains default,gain]
                                   the same irregular run with random pixels, and the arrays expected

h5py writes the bytes, numpy computes what is expected (reference.py): detcal has no part in it. Written with
Python 3.11.2, numpy 1.24.2, h5py 3.7.0, HDF5 1.10.8; the versions in use are recorded in expected.json.
"""
import argparse
import gzip
import hashlib
import json
import sys
from pathlib import Path

import h5py
import numpy as np

import pixels
import reference

KARABO_ID = "SPB_DET_AGIPD1M-1"
CELLS = 3
TRAIN0 = 2_100_000_100
PULSE_STEP = 4
TIME0 = 1_700_000_000 * 10**9
CREATED = "20231114T221320Z"


def parse(argv):
    parser = argparse.ArgumentParser()
    parser.add_argument("--random", metavar="OUT", type=Path)
    parser.add_argument("--seed", type=int, default=20240601)
    parser.add_argument("--modules", default="0,4,15")
    parser.add_argument("--trains", type=int, default=8)
    parser.add_argument("--chains", default=",".join(reference.CHAINS))
    return parser.parse_args(argv)


class Layout:
    """Which trains, frames and sequences the modules have. Irregular on purpose, the same for every seed.

    Position among `n` trains: 2 is flagged; 3 has two frames in cells 0, 1; 4 is absent from the last module;
    5 has count 0 in the second module; 6 has its cells out of order; the last has a single frame in cell 2.
    """

    def __init__(self, modules, n):
        self.modules, self.n = modules, n
        self.ids = [TRAIN0 + i + (2 if i > 3 else 0) for i in range(n)]  # the time server skipped two
        self.flags = [0 if i == 2 else 1 for i in range(n)]

    def frames(self, train):
        """(pulseId, cellId) of each frame."""
        cells = {3: [0, 1], 6: [2, 0, 1], self.n - 1: [2]}.get(train, list(range(CELLS)))
        return [(PULSE_STEP * position, cell) for position, cell in enumerate(cells)]

    def sequences(self, module):
        """Trains by sequence file; modules break at different trains."""
        position = self.modules.index(module)
        cut = [self.n // 2, self.n // 2 - 2, self.n // 2 + 1][position % 3]
        lacking = {4} if module == self.modules[-1] else set()
        return [[t for t in part if t not in lacking] for part in (range(cut), range(cut, self.n))]

    def stored(self, module, train):
        """Frames that a module's file holds of a train."""
        empty = len(self.modules) > 1 and module == self.modules[1] and train == 5
        return [] if empty else self.frames(train)

    def gap(self, module, train):
        """Frames of nobody that lie before a train's first."""
        return 2 if module == self.modules[0] and train == 1 else 0

    def padding(self, module):
        """Zeros behind INDEX/trainId, and whether first and count have them too."""
        return [(3, True), (0, False), (5, False)][self.modules.index(module) % 3]


def write_strings(file, path, values, padding=0):
    data = file.create_dataset(path, (len(values) + padding,), h5py.special_dtype(vlen=bytes), maxshape=(None,))
    data[: len(values)] = [value.encode() for value in values]


def write_raw(path, layout, module, sequence, raw_of):
    """One RAW file; `raw_of(train, frame)` gives its pixels, None those of a frame of nobody."""
    trains = layout.sequences(module)[sequence]
    source = f"{KARABO_ID}/DET/{module}CH0:xtdf"
    pad, pad_index = layout.padding(module)
    with h5py.File(path, "w") as file:
        write_metadata(file, source, sequence)

        def rows(name, values, dtype, padding):
            data = file.create_dataset(f"INDEX/{name}", (len(values) + padding,), dtype, maxshape=(None,))
            data[: len(values)] = values

        rows("trainId", [layout.ids[t] for t in trains], "u8", pad)
        rows("flag", [layout.flags[t] for t in trains], "i4", pad)
        rows("timestamp", [TIME0 + t * 10**8 for t in trains], "u8", pad)
        rows("origin", [-1] * len(trains), "i4", pad)
        first, count, frames = [], [], []
        for train in trains:
            frames += [(None, pulse, 0) for pulse in range(layout.gap(module, train))]
            stored = layout.stored(module, train)
            # A train without frames may point anywhere.
            first.append(len(frames) if stored else 7)
            count.append(len(stored))
            frames += [(train, pulse, cell) for pulse, cell in stored]
        index_pad = pad if pad_index else 0
        for group in ("detector", "header", "trailer"):
            rows(f"{source}/{group}/first", range(len(trains)), "u8", index_pad)
            rows(f"{source}/{group}/count", [1] * len(trains), "u8", index_pad)
        rows(f"{source}/image/first", first, "u8", index_pad)
        rows(f"{source}/image/count", count, "u8", index_pad)
        write_source(file, f"INSTRUMENT/{source}", layout, trains, count, frames, raw_of)


def write_metadata(file, source, sequence):
    ids = [f"INSTRUMENT/{source}/{group}" for group in ("detector", "header", "image", "trailer")]
    write_strings(file, "METADATA/dataSources/dataSourceId", ids, padding=4)
    write_strings(file, "METADATA/dataSources/root", ["INSTRUMENT"] * 4, padding=4)
    write_strings(file, "METADATA/dataSources/deviceId", [i.split("/", 1)[1] for i in ids], padding=4)
    texts = {
        "dataFormatVersion": "1.2",
        "creationDate": CREATED,
        "updateDate": CREATED,
        "daqLibrary": "1.9.0",
        "karaboFramework": "2.7.0",
        "runType": "Test DAQ",
        "sample": "No Sample",
    }
    for name, text in texts.items():
        write_strings(file, f"METADATA/{name}", [text])
    for name, number in {"proposalNumber": 700000, "runNumber": 1, "sequenceNumber": sequence}.items():
        file.create_dataset(f"METADATA/{name}", data=[number], dtype="u4")
    file.create_group("RUN")


def write_source(file, root, layout, trains, count, frames, raw_of):
    m, n = len(frames), len(trains)
    file.create_dataset(f"{root}/image/data", (m, 2, pixels.SS, pixels.FS), "u2", maxshape=(None, 2, pixels.SS, pixels.FS), chunks=(1, 2, pixels.SS, pixels.FS))
    data = file[f"{root}/image/data"]
    for row, (train, pulse, _) in enumerate(frames):
        data[row] = raw_of(train, pulse // PULSE_STEP) if train is not None else 0xBAD
    ids = [layout.ids[train] if train is not None else 0 for train, _, _ in frames]
    image = {
        "trainId": (ids, "u8"),
        "pulseId": ([pulse for _, pulse, _ in frames], "u8"),
        "cellId": ([cell for _, _, cell in frames], "u2"),
        "length": ([2 * pixels.SS * pixels.FS * 2] * m, "u4"),
        "status": (np.arange(m) % 3, "u2"),
    }
    for name, (values, dtype) in image.items():
        file.create_dataset(f"{root}/image/{name}", data=np.array(values, dtype).reshape(m, 1), maxshape=(None, 1))
    train_ids = np.array([layout.ids[t] for t in trains], "u8")
    position = np.array(trains)
    slow = {
        "detector/trainId": train_ids,
        "detector/data": (position[:, None] + np.arange(5408) // 52).astype("u1"),
        "header/trainId": train_ids,
        "header/dataId": np.zeros(n, "u8"),
        "header/linkId": np.full(n, 18446744069414584335, "u8"),
        "header/magicNumberBegin": np.tile(np.array([-21, -2, 1, 2, 3, 4, 5, 6], "i1"), (n, 1)),
        "header/majorTrainFormatVersion": np.full(n, 1, "u4"),
        "header/minorTrainFormatVersion": np.full(n, 0, "u4"),
        "header/pulseCount": np.array(count, "u8"),
        "header/reserved": np.zeros((n, 16), "u1"),
        "trailer/trainId": train_ids,
        "trailer/status": np.zeros(n, "u8"),
        "trailer/checksum": (position[:, None] * 3 + np.arange(16)).astype("i1"),
        "trailer/magicNumberEnd": np.tile(np.array([6, 5, 4, 3, 2, 1, -2, -21], "i1"), (n, 1)),
    }
    for name, values in slow.items():
        file.create_dataset(f"{root}/{name}", data=values, maxshape=(None, *values.shape[1:]))


def write_constants(path, pdu, stored, dims):
    with h5py.File(path, "w") as file:
        for name, array in stored.items():
            # The first module's large ones in chunks, shuffled and compressed, as some stores have them.
            more = {"chunks": (16, 64, *array.shape[2:]), "compression": 4, "shuffle": True} if dims and name.startswith("Slopes") else {}
            data = file.create_dataset(f"{pdu}/{name}/0/data", data=array, **more)
            if dims:
                last = {"ThresholdsDark": "threshold", "SlopesPC": "parameter", "SlopesFF": "parameter"}.get(name, "gain")
                data.attrs["dims"] = ["fast_scan", "slow_scan", "cell", last][: array.ndim]


def expected_files(layout, module):
    """Trains of each CORR file of a module: its own, and those it lacks where its files cover them."""
    parts = layout.sequences(module)
    start = [min(part) for part in parts]
    for sequence, part in enumerate(parts):
        end = start[sequence + 1] if sequence + 1 < len(parts) else layout.n
        yield sequence, [t for t in range(0 if sequence == 0 else start[sequence], end)]


def sha(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def main(argv):
    args = parse(argv)
    full = args.random is not None
    out = args.random or Path(__file__).parent / "files"
    modules = [int(m) for m in args.modules.split(",")]
    layout = Layout(modules, args.trains)
    chains = {name: reference.CHAINS[name] for name in args.chains.split(",")}
    raw_dir, cal_dir = out / "raw" / "r0001", out / "constants"
    for folder in (raw_dir, cal_dir):
        folder.mkdir(parents=True, exist_ok=True)
    result = {
        "versions": {"python": sys.version.split()[0], "numpy": np.__version__, "h5py": h5py.__version__, "hdf5": h5py.version.hdf5_version},
        "seed": args.seed,
        "karaboId": KARABO_ID,
        "trainIds": layout.ids,
        "chains": {
            name: {"steps": sorted(steps), "gainMode": mode, "mapsAsked": asked is not None, "maskMaps": reference.maps_of(steps, mode, asked)}
            for name, (steps, mode, asked) in chains.items()
        },
        "constants": [],
        "modules": {},
    }
    seen = set()
    for module in modules:
        rng = np.random.default_rng([args.seed, module])
        stage = pixels.module_pattern(rng, full)
        raw = {(t, i): pixels.raw_frame(rng, stage, full) for t in range(layout.n) for i in range(len(layout.frames(t)))}
        for sequence in (0, 1):
            name = f"RAW-R0001-AGIPD{module:02}-S{sequence:05}.h5"
            write_raw(raw_dir / name, layout, module, sequence, lambda t, i: raw[t, i])
        # f64 with names of the axes, f64 without, f32 without: detcal must read them all alike.
        position = modules.index(module) % 3
        stored = pixels.constants(rng, CELLS, full, np.float32 if position == 2 else np.float64)
        if position == 2:
            stored["SlopesFF"] = stored["SlopesFF"][..., 0]
            stored["BadPixelsFF"] = stored["BadPixelsFF"][..., 0]
        pdu = f"AGIPD_SIV1_AGIPDV11_M{module + 300}"
        epoch = 1_699_000_000 + module
        write_constants(cal_dir / f"cal.{epoch}.{module}.h5", pdu, stored, dims=position == 0)
        result["constants"].append({"module": module, "pdu": pdu, "file": f"constants/cal.{epoch}.{module}.h5", "begin": epoch})
        result["modules"][module] = expect(layout, module, raw, reference.Constants(stored), chains, seen, out if full else None)
    # Pixels that the baseline lifts are rare: only the committed run is sure to have some.
    assert seen >= {"high", "medium", "low", "nan", "range", "bit 31", "zero", "sunk"} | (set() if full else {"lifted"}), seen
    (out / "expected.json").write_text(json.dumps(result, indent=None if full else 1) + "\n")
    if not full:
        for file in sorted(out.rglob("*.h5")):
            with open(f"{file}.gz", "wb") as target, gzip.GzipFile("", "wb", 9, target, mtime=0) as packed:
                packed.write(file.read_bytes())
            file.unlink()
    print(json.dumps(result["versions"]))


def expect(layout, module, raw, constants, chains, seen, arrays):
    """What CORR files hold, by sequence: trains with counts and flags, ids and hashes of each frame by chain."""
    files = []
    for sequence, trains in expected_files(layout, module):
        own = set(layout.sequences(module)[sequence])
        stored = [layout.stored(module, t) if t in own else [] for t in trains]
        frames = [(t, i, pulse, cell) for t, part in zip(trains, stored) for i, (pulse, cell) in enumerate(part)]
        planes = {}
        for chain, (steps, mode, asked) in chains.items():
            results = [reference.correct(raw[t, i], cell, constants, steps, mode, asked, seen) for t, i, _, cell in frames]
            planes[chain] = [[sha(part) for part in result] for result in results]
            for data, gain, mask in results:
                seen |= {name for g, name in enumerate(("high", "medium", "low")) if (gain == g).any()}
                seen |= {"nan"} if np.isnan(data).any() else set()
                seen |= {"range"} if (mask & reference.RANGE_BIT).any() else set()
                seen |= {"bit 31"} if (mask >> 31).any() else set()
                seen |= {"zero"} if ((gain == 1) & (data == 0)).any() else set()
            if arrays is not None:
                for part, name in enumerate(("data", "gain", "mask")):
                    target = arrays / "expected" / chain / f"{module}-{sequence}-{name}.npy"
                    target.parent.mkdir(parents=True, exist_ok=True)
                    np.save(target, np.array([result[part] for result in results]))
        files.append(
            {
                "sequence": sequence,
                "trains": [layout.ids[t] for t in trains],
                "counts": [len(part) for part in stored],
                "flags": [layout.flags[t] for t in trains],
                "pulseIds": [pulse for _, _, pulse, _ in frames],
                "cellIds": [cell for _, _, _, cell in frames],
                "frames": planes,
            }
        )
    return files


if __name__ == "__main__":
    main(sys.argv[1:])
