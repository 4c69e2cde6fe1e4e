"""Median, noise and mean raw gain of the first memory cell of dark runs: what numpy needs for it, starting aside.

    dark.py CELLS RAW [RAW ..]
"""
import json
import sys
import time

import h5py
import numpy as np

start, cpu = time.perf_counter_ns(), time.process_time_ns()
cells = int(sys.argv[1])
for path in sys.argv[2:]:
    with h5py.File(path, 'r') as f:
        (source,) = f['INSTRUMENT/SPB_DET_AGIPD1M-1/DET'].values()
        raw = source['image/data'][0::cells]
    signal, gain = raw[:, 0], raw[:, 1]
    np.median(signal, axis=0), np.std(signal, axis=0), np.mean(gain, axis=0), np.std(gain, axis=0)
print(json.dumps({'ns': time.perf_counter_ns() - start, 'cpuNs': time.process_time_ns() - cpu}))
