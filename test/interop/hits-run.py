"""Hits of a corrected run, recomputed of its litpx by numpy: PROC MODULES SCALED. Prints JSON."""
import json
import sys

import numpy as np
from extra_data import RunDirectory

run, modules, scaled = RunDirectory(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "scaled"
finder = lambda key: run["SPB_DET_AGIPD1M-1/REDU/SPI_HITFINDER:output", key].ndarray()
sources = sorted(name for name in run.instrument_sources if "/CORR/" in name)
total = {key: sum(run[name, f"litpx.{key}"].ndarray().astype("f8") for name in sources) for key in ("litPixels", "unmaskedPixels")}
score = total["litPixels"] / total["unmaskedPixels"] * modules * 65536
trains = finder("data.trainId")
energy = run[sources[0], "image.pulseEnergy"].ndarray() if scaled else np.ones(len(score))
each = [np.flatnonzero(trains == train) for train in run.train_ids]


def around(values, train):
    own = [each[train]]
    for far in range(1, len(each)):
        if sum(np.isfinite(values[part]).sum() for part in own) >= 100:
            break
        own += [each[near] for near in (train - far, train + far) if 0 <= near < len(each)]
    found = values[np.concatenate(own)]
    return found[np.isfinite(found)]


if scaled:
    lit = np.where(energy > 0, energy, np.nan)
    for train, rows in enumerate(each):
        factor = lit[rows] / np.median(around(lit, train))
        score[rows] = np.where(np.isfinite(factor), score[rows] / factor, score[rows])
hit, mu, sig = np.zeros(len(score), bool), [], []
for train, rows in enumerate(each):
    found = around(score, train)
    low, middle, high = np.quantile(found, [0.25, 0.5, 0.75])
    mu.append(middle)
    sig.append((high - low) / 1.34896)
    hit[rows] = score[rows] > mu[-1] + 4 * sig[-1]
flags, misses = finder("data.hitFlag").astype(bool), finder("data.missFlag").astype(bool)
print(json.dumps({
    "scores": bool(np.allclose(finder("data.hitscore"), score, rtol=1e-6)),
    "thresholds": bool(np.allclose(finder("threshold.mu"), mu, rtol=1e-12) and np.allclose(finder("threshold.sig"), sig, rtol=1e-9)),
    "flags": bool((flags == hit).all()),
    "pulses": bool((finder("data.pulseId") == run[sources[0], "image.pulseId"].ndarray()).all()),
    "hits": [int(pulse) for pulse in finder("data.pulseId")[flags]],
    "misses": int(misses.sum()),
    "both": int((misses & flags).sum()),
    "drawn": [int(row) for row in np.flatnonzero(misses)],
}))
