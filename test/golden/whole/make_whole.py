#!/usr/bin/env python3
"""Writes whole.json: AGIPD's steps that need whole images or files, computed by numpy, whole arrays at a time.

Written from the table of formulas, not from the TypeScript: it is the other implementation. Inputs are made of a hash that
test/golden/whole/index.ts repeats, so that only results are kept. Run with numpy 1.24 or 2.x:
python3 test/golden/whole/make_whole.py
"""
import json
import pathlib

import numpy as np

f32, u32 = np.float32, np.uint32


def uniform(seed, count):
    """`count` numbers from 0 to 1, multiples of 2^-24: murmur3's finalizer of the index."""
    x = np.arange(count, dtype=u32) * u32(0x9E3779B1) + u32(seed)
    x ^= x >> u32(16)
    x *= u32(0x85EBCA6B)
    x ^= x >> u32(13)
    x *= u32(0xC2B2AE35)
    x ^= x >> u32(16)
    return (x >> u32(8)).astype(np.float64) / 2**24


PIXELS, IMAGES = 4096, 12


def images(seed):
    """One ASIC in twelve images: dark values, light in a quarter of the pixels, some values that are none."""
    u = uniform(seed, PIXELS * IMAGES).reshape(IMAGES, PIXELS)
    kind = uniform(seed + 1, PIXELS * IMAGES).reshape(IMAGES, PIXELS)
    d = 44 * u - 22
    d += 12 * uniform(seed + 2, PIXELS) - 6
    d += (16 * uniform(seed + 3, IMAGES) - 8)[:, None]
    d = np.where(kind < 0.25, d + 150, d)
    d[3] += 400 * (u[3] < 0.9)  # hardly a dark pixel
    d[:, 7::50] += 500  # pixels that are always lit
    d = np.where(kind > 0.999, np.nan, d)
    return d.astype(f32)


def common_mode(d, iterations, low, high, fraction, count):
    d = d.copy()
    least = fraction * (len(d) if count == "present" else 32 * 256)
    pixels, shifts = [], []
    for _ in range(iterations):
        for axis, needed, found in ((0, least, pixels), (1, fraction * PIXELS, shifts)):
            dark = (d >= f32(low)) & (d <= f32(high))
            n = dark.sum(axis)
            total = np.where(dark, d, f32(0)).astype(np.float64).sum(axis)
            mean = np.where((n >= needed) & (n > 0), total / np.maximum(n, 1), 0).astype(f32)
            d = d - (mean[None, :] if axis == 0 else mean[:, None])
            found.append(mean)
    assert d.dtype == f32
    return d, np.array(pixels), np.array(shifts)


EVERY = 61


def mode_case(seed, **params):
    d, pixels, shifts = common_mode(images(seed), **params)
    # Values that are none are null.
    sample = [[None if v != v else v for v in row] for row in d[:, ::EVERY].astype(float).tolist()]
    return {
        "seed": seed,
        "params": params,
        "pixels": pixels[:, ::EVERY].astype(float).tolist(),
        "images": shifts.astype(float).tolist(),
        "data": sample,
    }


def ricker(x, width):
    return 2 / (np.sqrt(3 * width) * np.pi**0.25) * (1 - x**2 / width**2) * np.exp(-(x**2) / (2 * width**2))


def peak(values, low, width, bins, scales):
    index = np.floor((values.astype(np.float64) - low) / width)
    counts = np.bincount(index[(index >= 0) & (index < bins)].astype(int), minlength=bins)
    x = (np.arange(2 * bins - 1) - (bins - 1)) * width
    answer = sum(np.convolve(counts, ricker(x, scale), "full")[bins - 1 : 2 * bins - 1] for scale in scales)
    return low + (np.argmax(answer) + 0.5) * width


def noise_peak(d, stages, noise, limit):
    high = d[(stages == 0) & (d <= 50)]
    coarse = peak(high, -2000.0, 10.0, 210, [noise, 3 * noise, 5 * noise])
    fine = peak(high, coarse - 5 * noise, noise / 20, 200, [noise])
    return 0.0 if fine > 10 or fine < -limit else float(f32(fine))


BASELINE_PIXELS = 16384


def baseline_case(seed, shift, noise, lit, limit=5000):
    """Noise of four uniform numbers, which is nearly normal; light in a share of the pixels, switched ones far off."""
    u = [uniform(seed + k, BASELINE_PIXELS) for k in range(6)]
    d = (u[0] + u[1] + u[2] + u[3] - 2) * noise * np.sqrt(3) + shift
    d = np.where(u[4] < lit, d + 65 * np.floor(1 + 6 * u[5]), d)
    stages = (u[5] > 0.98).astype(np.uint8)
    d = np.where(stages == 1, -300 * u[4], d).astype(f32)
    return {
        **{"seed": seed, "shift": shift, "noise": noise, "lit": lit, "limit": limit},
        "found": noise_peak(d, stages, noise, limit),
    }


def photon_case(seed, energy, threshold, largest):
    count = 2000
    photon = f32(energy)
    d = (uniform(seed, count) * 40 * energy - 3 * energy).astype(f32)
    odd = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e7, -1e7, 1.5e7, 9e6, 0.5 * photon, 1.5 * photon, 2 * photon], f32)
    d[: len(odd)] = odd
    with np.errstate(all="ignore"):
        q = d / photon
        down = np.floor(q)
        n = np.where(q - down < f32(threshold), down, down + f32(1))
        mask = np.where(~np.isfinite(d), u32(1 << 11), u32(0)) | np.where((np.abs(d) > 1e7) | (n > largest), u32(1 << 12), u32(0))
        n = np.where((mask == 0) & (n > 0), n, f32(0)).astype(f32)
    return {
        **{"seed": seed, "photon": float(photon), "fraction": float(f32(threshold)), "most": largest},
        **{"photons": n.astype(float).tolist(), "mask": mask.tolist()},
    }


def still_case(seed):
    trains, pixels = 5, 320
    raw = np.floor(uniform(seed, trains * pixels) * 3).astype(np.uint16).reshape(trains, pixels) + np.uint16(5000)
    raw[:, ::7] = 4321
    raw[4, 14] = 4322
    return {"seed": seed, "still": (raw.astype(np.float64).std(0) == 0).astype(int).tolist()}


def noisy_case(seed, share):
    """Blocks of 64 × 64 of a plane of 128 × 128 masks, of which shares around the limit are noisy."""
    blocks = uniform(seed, 4 * 4096).reshape(4, 4096)
    limits = [share - 0.02, share + 0.02, 0, 1]
    noisy = np.stack([block < limit for block, limit in zip(blocks, limits)])
    noisy[2, : int(share * 4096)] = True  # exactly the share: not more
    bad = (noisy.sum(1) > share * 4096).astype(int)
    return {"seed": seed, "share": share, "bad": bad.tolist()}


PRODUCTION = {"iterations": 4, "low": -30, "high": 30, "fraction": 0.15}
result = {
    "numpy": np.__version__,
    "commonMode": [
        mode_case(1, **PRODUCTION, count="present"),
        mode_case(20, **{**PRODUCTION, "fraction": 0.001}, count="nominal"),
        mode_case(40, **PRODUCTION, count="nominal"),
        mode_case(60, iterations=2, low=-50, high=30, fraction=0.66, count="present"),
    ],
    "baseline": [
        baseline_case(100, 0.0, 8.0, 0.05),
        baseline_case(110, -37.3, 8.0, 0.3),
        baseline_case(120, -812.6, 6.5, 0.1),
        baseline_case(130, 25.0, 8.0, 0.0),
        baseline_case(140, -812.6, 6.5, 0.1, limit=500),
    ],
    "photons": [photon_case(200, 65.044, 0.5, 32767), photon_case(210, 1.0, 0.7, 30), photon_case(220, 65.044, 1.0, 10000000)],
    "still": still_case(300),
    "noisy": [noisy_case(400, 0.25), noisy_case(410, 0.5)],
}
path = pathlib.Path(__file__).with_name("whole.json")
path.write_text(json.dumps(result) + "\n")
print(path, path.stat().st_size, "bytes, numpy", np.__version__)
