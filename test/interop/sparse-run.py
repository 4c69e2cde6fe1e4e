"""Sparse output against the frames beside it, by the reader in docs/sparse.md.

    photons RAW FOLDER     makes a simulated DSSC run one of few photons: integers, 1 % of the pixels; and its offsets
    compare DENSE SPARSE   prints JSON: DENSE has frames and lists, SPARSE the same lists only
"""
import json
import re
import sys
from pathlib import Path

import h5py
import numpy as np
from extra_data import H5File


def photons(raw, folder):
    random = np.random.default_rng(7)
    for path in sorted(Path(raw).glob("RAW-*-DSSC*.h5")):
        with h5py.File(path, "r+") as file:
            [source] = file["INSTRUMENT/SCS_DET_DSSC1M-1/DET"].values()
            data = source["image/data"]
            for i in range(len(data)):
                lit = random.random(data.shape[1:]) < 0.01
                data[i] = np.where(lit, 40 + random.poisson(3, data.shape[1:]) + 1, 40)
    for module in (0, 3):
        with h5py.File(f"{folder}/cal.{module}.h5", "w") as file:
            for name, value in (("Offset", 40), ("Noise", 2)):
                constant = file.create_dataset(f"DSSC_{module}/{name}/0/data", data=np.full((512, 128, 4), value, "f4"))
                constant.attrs["dims"] = ["fast_scan", "slow_scan", "cell"]


def compare(dense, sparse):
    reader = {}
    text = (Path(__file__).parents[2] / "docs/sparse.md").read_text()
    exec(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1], reader)
    differing, compared, pixels, departures, trains, occupied = [], 0, 0, 0, [], []
    for path in sorted(Path(dense).glob("CORR-*.h5")):
        with h5py.File(path, "r") as full, h5py.File(Path(sparse) / path.name, "r") as lists:
            names = []
            full["INSTRUMENT"].visit(lambda name: names.append(name) if name.endswith("CH0:output") else None)
            [source] = names
            image = full["INSTRUMENT"][source]["image"]
            if sorted(lists["INSTRUMENT"][source]["image"]) != sorted(set(image) - {"data", "gain", "mask"}):
                differing.append([path.name, "frames are there"])
            for name in ("sparse", "pixel", "departure"):
                for key, dataset in full["INSTRUMENT"][source][name].items():
                    other = lists["INSTRUMENT"][source][name][key]
                    if dataset.dtype != other.dtype or not np.array_equal(dataset[:], other[:], equal_nan=dataset.dtype.kind == "f"):
                        differing.append([path.name, name, key])
            for i in range(len(image["data"])):
                for file in (full, lists):
                    found = reader["frame"](file, source, i)
                    for name, array in zip(("data", "gain", "mask"), found):
                        if array.dtype != image[name].dtype or array.tobytes() != image[name][i].tobytes():
                            differing.append([path.name, name, i])
                    compared += 1
                cell = lists["CELLS/cellId"][lists["INSTRUMENT"][source]["sparse/cell"][i]]
                if cell != image["cellId"][i]:
                    differing.append([path.name, "cell", i])
            frame, index, value = reader["photons"](lists, source)
            occupied.append(len(value) / image["data"].size)
            departures += len(lists["INSTRUMENT"][source]["departure/index"])
            for i in range(len(image["data"])):
                if not np.array_equal(np.flatnonzero(image["data"][i]), index[frame == i]):
                    differing.append([path.name, "photons", i])
        # By train, through EXtra-data.
        with H5File(Path(sparse) / path.name) as run:
            for train, values in run.select(source).trains():
                own = values[source]
                counts = int(np.sum(own["sparse.pixels"])), int(np.sum(own["sparse.departures"]))
                trains.append(counts == tuple(np.size(own.get(f"{name}.index", [])) for name in ("pixel", "departure")))
    print(json.dumps({
        "differing": differing, "compared": compared, "departures": departures, "trains": trains, "occupied": [min(occupied), max(occupied)],
    }))


{"photons": photons, "compare": compare}[sys.argv[1]](*sys.argv[2:])
