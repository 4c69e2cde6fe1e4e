"""What a corrected run has beside its frames, recomputed: PROC RAW THRESHOLD. Prints JSON."""
import json
import sys

import numpy as np
from extra_data import RunDirectory

proc, raw, threshold = RunDirectory(sys.argv[1]), RunDirectory(sys.argv[2]), np.float32(sys.argv[3])
monitor = raw["SPB_XTD9_XGM/XGM/DOOCS:output", "data.intensityTD"].xarray()
differing, compared, energies, dark, lit, keys = [], 0, 0, 0, [], set()
for source in sorted(name for name in proc.instrument_sources if "/CORR/" in name):
    read = lambda key: proc[source, key].ndarray()
    data, mask = read("image.data"), read("image.mask")
    keys |= {key for key in proc.keys_for_source(source) if key.startswith("litpx.")}
    for key in ("trainId", "pulseId", "cellId"):
        if not np.array_equal(read(f"image.{key}"), read(f"litpx.{key}")):
            differing.append([source, key])
    for i in range(len(data)):
        values = data[i][(mask[i] == 0) & (data[i] > threshold)]
        # One after the other, in f64.
        total = float(np.add.accumulate(np.concatenate([[0.0], values.astype(np.float64)]))[-1])
        expected = (int((mask[i] == 0).sum()), len(values), total)
        found = tuple(read(f"litpx.{key}")[i].item() for key in ("unmaskedPixels", "litPixels", "totalIntensity"))
        if found != expected:
            differing.append([source, i, found, expected])
        lit.append(found[1])
        compared += 1
        energy, index = read("image.pulseEnergy")[i], int(read("image.xgmIndex")[i])
        if index < 0:
            dark += energy == 0
        elif monitor.sel(trainId=read("image.trainId")[i]).values[index] == energy and energy > 500:
            energies += 1
print(json.dumps({
    "differing": differing, "compared": compared, "energies": int(energies), "dark": int(dark), "lit": max(lit),
    "keys": len(keys - {f"litpx.{key}" for key in ("trainId", "pulseId", "cellId")}),
}))
