"""What numpy finds in three dark runs of one AGIPD module whose frames are a formula (its twin: frames.ts).

Run with numpy 1.24 or later: python3 make_dark.py > expected.json
"""
import hashlib
import json

import numpy as np

SS, FS = 512, 128
PIXELS = SS * FS
# Trains of each stage, and its cells: the low gain run lacks cell 1.
STAGES = [(9, [0, 1]), (6, [0, 1]), (7, [0])]
CELLS = 2
LIMITS = {
    'offset_sigma': 3, 'offset_hard': [(3000, 7000), (6000, 10000), (6000, 10000)],
    'noise_sigma': 5, 'noise_hard': [(4, 20)] * 3, 'separation': 5,
}


def mix(x):
    x = x.astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    return x ^ (x >> np.uint32(16))


def frame(stage, train, cell):
    """Signal and raw gain of one frame, u16."""
    p = np.arange(PIXELS, dtype=np.int64)
    h = mix(p + PIXELS * (cell + 16 * (train + 1024 * stage))).astype(np.int64)
    own = mix(p + 7).astype(np.int64)
    s = 4900 + 1500 * stage + own % 200 + (h & 31) + ((h >> 5) & 31) - 31
    r = 6000 + 1500 * stage + (own >> 8) % 64 + ((h >> 10) & 63) + ((h >> 16) & 63) - 63
    s[p % 977 == 5] = 0
    r[p % 977 == 5] = 0
    jumping = p % 1009 == 7
    s[jumping] = np.where(h[jumping] & 1, 65535, 0)
    level = p % 811 == 3
    r[level] = 7000
    return s.astype(np.uint16), r.astype(np.uint16)


def outside(values, sigma, hard):
    finite = values[np.isfinite(values)].astype(np.float64)
    if finite.size == 0:
        return np.zeros(values.shape, bool)
    v = values.astype(np.float64)
    return (np.abs(v - np.median(finite)) > sigma * np.std(finite)) | (v < hard[0]) | (v > hard[1])


def main():
    shape = (len(STAGES), CELLS, PIXELS)
    offset, noise, mean, deviation = (np.full(shape, np.nan, np.float32) for _ in range(4))
    mean64 = np.full(shape, np.nan)
    bad = np.zeros(shape, np.uint32)
    for stage, (trains, cells) in enumerate(STAGES):
        for cell in range(CELLS):
            if cell not in cells:
                bad[stage, cell] |= 0b1100
                continue
            frames = [frame(stage, train, cell) for train in range(trains)]
            s = np.stack([s for s, _ in frames]).astype(np.float64)
            r = np.stack([r for _, r in frames]).astype(np.float64)
            offset[stage, cell] = np.median(s, axis=0)
            noise[stage, cell] = np.std(s, axis=0)
            mean64[stage, cell] = np.mean(r, axis=0)
            mean[stage, cell] = mean64[stage, cell]
            deviation[stage, cell] = np.std(r, axis=0)
        for cell in range(CELLS):
            o, n = offset[stage, cell], noise[stage, cell]
            bad[stage, cell] |= outside(o, LIMITS['offset_sigma'], LIMITS['offset_hard'][stage]).astype(np.uint32)
            bad[stage, cell] |= outside(n, LIMITS['noise_sigma'], LIMITS['noise_hard'][stage]).astype(np.uint32) << 1
            bad[stage, cell] |= (~(np.isfinite(o) & np.isfinite(n))).astype(np.uint32) << 2
    for i in range(len(STAGES) - 1):
        step = mean[i + 1].astype(np.float64) - mean[i].astype(np.float64)
        width = np.sqrt(deviation[i].astype(np.float64) ** 2 + deviation[i + 1].astype(np.float64) ** 2)
        with np.errstate(invalid='ignore', divide='ignore'):
            close = np.where(width == 0, step == 0, step / width < LIMITS['separation'])
        bad[i] |= close.astype(np.uint32) << 13
        bad[i + 1] |= close.astype(np.uint32) << 13
    midpoints = [((mean64[i] + mean64[i + 1]) / 2).astype(np.float32) for i in range(2)]
    thresholds = np.stack([*midpoints, *mean])

    def digest(planes):
        # (plane, cell, pixel) to (fast scan, slow scan, cell, plane)
        disk = planes.reshape(planes.shape[0], CELLS, SS, FS).transpose(3, 2, 1, 0)
        return hashlib.sha256(np.ascontiguousarray(disk).tobytes()).hexdigest()

    print(json.dumps({
        'stages': [{'trains': trains, 'cells': cells} for trains, cells in STAGES],
        'sha256': {
            'Offset': digest(offset), 'Noise': digest(noise),
            'ThresholdsDark': digest(thresholds), 'BadPixelsDark': digest(bad),
        },
        'bits': [{str(bit): int(((bad[stage] >> bit) & 1).sum()) for bit in range(32) if ((bad[stage] >> bit) & 1).any()}
                 for stage in range(len(STAGES))],
        'first': sum(int(plane.sum(dtype=np.uint64)) for plane in frame(0, 0, 0)),
    }, indent=2))


if __name__ == '__main__':
    main()
