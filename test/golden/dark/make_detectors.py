"""What numpy finds in dark runs of LPD and DSSC whose frames are a formula (its twin: detectors.ts).

Run with numpy 1.24 or later: python3 make_detectors.py > detectors.json
"""
import hashlib
import json

import numpy as np

from make_dark import mix, outside

PIXELS = 65536
# Slow and fast scan; trains and cells; stages; limits of offset and noise.
DETECTORS = {
    'lpd': {
        'shape': (256, 256), 'trains': [9, 6, 7], 'cells': 2,
        'offset': (3, (400, 1500)), 'noise': (7, (1, 35)),
    },
    'dssc': {'shape': (128, 512), 'trains': [8], 'cells': 2, 'offset': (3, (4, 125)), 'noise': (3, (0.001, 3))},
}


def hashes(stage, train, cell):
    p = np.arange(PIXELS, dtype=np.int64)
    return p, mix(p + PIXELS * (cell + 16 * (train + 1024 * stage))).astype(np.int64), mix(p + 7).astype(np.int64)


def lpd(stage, train, cell):
    """12 bits of signal."""
    p, h, own = hashes(stage, train, cell)
    s = 700 + 150 * stage + own % 100 + (h & 15) + ((h >> 5) & 15) - 15
    s[p % 977 == 5] = 0
    jumping = p % 1009 == 7
    s[jumping] = np.where(h[jumping] & 1, 4095, 0)
    return s


def dssc(stage, train, cell):
    """0 stands for 256."""
    p, h, own = hashes(stage, train, cell)
    s = 40 + own % 20 + (h & 1) + ((h >> 3) & 1)
    s[p % 977 == 5] = 0
    wrapping = p % 1009 == 7
    s[wrapping] = np.where(h[wrapping] & 1, 0, 255)
    return s


FRAMES = {'lpd': lpd, 'dssc': dssc}


def characterise(name):
    d = DETECTORS[name]
    ss, fs = d['shape']
    shape = (len(d['trains']), d['cells'], PIXELS)
    offset, noise = np.empty(shape, np.float32), np.empty(shape, np.float32)
    bad = np.zeros(shape, np.uint32)
    for stage, trains in enumerate(d['trains']):
        for cell in range(d['cells']):
            s = np.stack([FRAMES[name](stage, train, cell) for train in range(trains)]).astype(np.float64)
            if name == 'dssc':
                s[s == 0] = 256
            offset[stage, cell] = np.median(s, axis=0)
            noise[stage, cell] = np.std(s, axis=0)
            bad[stage, cell] |= outside(offset[stage, cell], *d['offset']).astype(np.uint32)
            bad[stage, cell] |= outside(noise[stage, cell], *d['noise']).astype(np.uint32) << 1

    def digest(planes):
        disk = planes.reshape(planes.shape[0], d['cells'], ss, fs).transpose(3, 2, 1, 0)
        return hashlib.sha256(np.ascontiguousarray(disk).tobytes()).hexdigest()

    return {
        'trains': d['trains'], 'cells': d['cells'],
        'sha256': {'Offset': digest(offset), 'Noise': digest(noise), 'BadPixelsDark': digest(bad)},
        'bad': int(np.count_nonzero(bad)),
        'first': int(FRAMES[name](0, 0, 0).sum()),
    }


# In parallel gain the trains of all stages are the same.
parallel = dict(DETECTORS['lpd'], trains=[6, 6, 6])
result = {name: characterise(name) for name in DETECTORS}
DETECTORS['lpd'] = parallel
result['lpd-parallel'] = characterise('lpd')
print(json.dumps(result, indent=2))
