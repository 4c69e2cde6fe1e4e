"""Compares CORR files with the arrays that make_run.py computed: `compare-golden.py GOLDEN CHAIN PROC`. Prints JSON."""
import json
import sys
from pathlib import Path

import h5py
import numpy as np

golden, chain, proc = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
expected = json.loads((golden / "expected.json").read_text())
frames, differing = 0, []
for module, sequences in expected["modules"].items():
    for part in sequences:
        name = f"CORR-R0001-AGIPD{int(module):02}-S{part['sequence']:05}.h5"
        source = f"{expected['karaboId']}/CORR/{module}CH0:output"
        with h5py.File(proc / name, "r") as file:
            image = file[f"INSTRUMENT/{source}/image"]
            for key in ("data", "gain", "mask"):
                wanted = np.load(golden / "expected" / chain / f"{module}-{part['sequence']}-{key}.npy")
                found = image[key][:]
                same = found.dtype == wanted.dtype and found.shape == wanted.shape and found.tobytes() == wanted.tobytes()
                differing += [] if same else [f"{name} {key}"]
            ids = {
                "INDEX/trainId": part["trains"],
                "INDEX/flag": part["flags"],
                f"INDEX/{source}/image/count": part["counts"],
                f"INDEX/{source}/image/first": [0, *np.cumsum(part["counts"])[:-1].tolist()],
                f"INSTRUMENT/{source}/image/pulseId": part["pulseIds"],
                f"INSTRUMENT/{source}/image/cellId": part["cellIds"],
                f"INSTRUMENT/{source}/image/trainId": np.repeat(part["trains"], part["counts"]).tolist(),
            }
            differing += [f"{name} {path}" for path, wanted in ids.items() if file[path][:].tolist() != list(wanted)]
            frames += len(image["data"])
print(json.dumps({"frames": frames, "differing": differing}))
