"""What EXtra-data makes of a corrected run of which frames were selected: SELECTED WHOLE. Prints JSON."""
import json
import sys
from pathlib import Path

import h5py
import numpy as np
from extra_data import RunDirectory
from extra_data.components import AGIPD1M

selected, whole = sys.argv[1:]
runs = [AGIPD1M(RunDirectory(path), min_modules=1) for path in (selected, whole)]
pulses, differing, compared = {}, [], 0
for key in ("data", "gain", "mask"):
    some, every = (run.get_array(f"image.{key}", unstack_pulses=False) for run in runs)
    for module in some.coords["module"].values:
        for at, (train, pulse) in enumerate(some.coords["train_pulse"].values):
            found = some.sel(module=module).isel(train_pulse=at).values
            expected = every.sel(module=module, train_pulse=(train, pulse)).values
            if found.tobytes() != expected.tobytes():
                differing.append([key, int(module), int(train), int(pulse)])
            compared += 1
for train, pulse in some.coords["train_pulse"].values:
    pulses.setdefault(str(train), []).append(int(pulse))

counts, first, rows = [], [], []
for path in sorted(Path(selected).glob("CORR-*.h5")):
    with h5py.File(path, "r") as file:
        [source] = file["INDEX/SPB_DET_AGIPD1M-1/CORR"]
        index = file[f"INDEX/SPB_DET_AGIPD1M-1/CORR/{source}/image"]
        counts.append(index["count"][:].tolist())
        first.append(index["first"][:].tolist())
        rows.append(len(file[f"INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/{source}/image/data"]))

result = {"pulses": pulses, "counts": counts, "first": first, "rows": rows, "compared": compared, "differing": differing}
for path in Path(selected).glob("*.cxi"):
    with h5py.File(path, "r") as file:
        data = file["entry_1/instrument_1/detector_1/data"]
        module = np.stack([data[i, 5] for i in range(len(data))])
        expected = runs[0].get_array("image.data", unstack_pulses=False).sel(module=5).values
        result["combined"] = {"pulseId": file["entry_1/pulseId"][:].tolist(), "same": module.tobytes() == expected.tobytes()}
print(json.dumps(result))
