#!/usr/bin/env python3
"""Writes single-plane.json: the per-pixel corrections of LPD and DSSC computed by numpy in float32.

Written from the table of formulas, not from the TypeScript: it is the other implementation. Run with
numpy 1.24 or 2.x:  python3 test/golden/kernels/make_single_plane.py
"""
import base64
import json
import pathlib

import numpy as np

f32, u32 = np.float32, np.uint32
rng = np.random.default_rng(20261123)
PIXELS, FRAMES = 203, 2
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-42, -1e-42, 3.4e38, -3.4e38, 256, 4095, -1, 1e7], f32)


def floats(low, high, odd=0.05):
    values = rng.uniform(low, high, PIXELS).astype(f32)
    return np.where(rng.random(PIXELS) < odd, rng.choice(SPECIAL, PIXELS), values).astype(f32)


def bits(odd=0.1):
    return np.where(rng.random(PIXELS) < odd, rng.integers(0, 2**32, PIXELS, dtype=u32), 0).astype(u32)


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def pick(g, planes):
    return np.select([g == 2, g == 1], [planes[2], planes[1]], planes[0])


def finish(d, g, m, first, p):
    if p["range"]:
        nan, orange = ~np.isfinite(d), np.abs(d) > f32(1e7)
        m = m | np.where(nan, u32(1 << 11), u32(0)) | np.where(orange, u32(1 << 12), u32(0))
        if p["zeroNans"]:
            d = np.where(nan, f32(0), d)
        if p["zeroOrange"]:
            d = np.where(orange, f32(0), d)
    assert d.dtype == f32 and m.dtype == u32
    words = np.where(np.isnan(d), u32(0x7FC00000), d.view(u32))
    departures = int(np.count_nonzero((g != 0) | (m != first)))
    return {"data": text(words), "gain": text(g.astype(np.uint8)), "mask": text(m), "departures": departures}


def lpd(p, parallel):
    o, k, m = [floats(500, 1500) for _ in range(3)], [floats(0.5, 90) for _ in range(3)], [bits() for _ in range(3)]
    # Saturation well inside the numbers drawn, and now and then exactly at one of them.
    s = [floats(3000, 4000), floats(2500, 3500)]
    frames, results = [], []
    for _ in range(FRAMES):
        if parallel:
            raw = rng.integers(0, 2**16, (3, PIXELS)).astype(np.uint16)
            v = (raw & 0xFFF).astype(f32)
            for stage in (0, 1):
                s[stage][stage :: 7] = v[stage][stage :: 7]
        else:
            stage = rng.choice(4, PIXELS, p=[0.6, 0.2, 0.15, 0.05])
            raw = (rng.integers(0, 4096, PIXELS) | stage << 12 | rng.choice([0, 1 << 14, 3 << 14], PIXELS) * (rng.random(PIXELS) < 0.1)).astype(np.uint16)
        frames.append(raw)
    for raw in frames:
        if parallel:
            v = (raw & 0xFFF).astype(f32)
            g = np.where(~(v[0] >= s[0]), 0, np.where(~(v[1] >= s[1]), 1, 2))
            v, wrong = pick(g, v), np.zeros(PIXELS, u32)
        else:
            v, code = (raw & 0xFFF).astype(f32), (raw >> 12) & 3
            g, wrong = np.minimum(code, 2), np.where(code == 3, u32(1 << 21), u32(0))
        d = (v - pick(g, o)) * pick(g, k)
        results.append(finish(d, g, pick(g, m).astype(u32) | wrong, m[0], p))
    planes = [plane for stage in range(3) for plane in (o[stage], k[stage], m[stage])] + (s if parallel else [])
    return case("lpdParallel" if parallel else "lpd", p, planes, frames, results)


def dssc(p):
    o, m = floats(30, 60), bits()
    frames = [np.where(rng.random(PIXELS) < 0.1, 0, rng.integers(1, 512, PIXELS)).astype(np.uint16) for _ in range(FRAMES)]
    results = [finish(np.where(raw == 0, f32(256), raw.astype(f32)) - o, np.zeros(PIXELS), m, m, p) for raw in frames]
    return case("dssc", p, [o, m], frames, results)


def case(kernel, params, planes, frames, results):
    constants = np.concatenate([plane.view(u32) for plane in planes])
    return {"kernel": kernel, "params": params, "pixels": PIXELS, "constants": text(constants), "raw": [text(raw) for raw in frames], "results": results}


def params(**flags):
    names = ["setMin", "range", "zeroNans", "zeroOrange"]
    return {"stage": 0, "forceMgLimit": 0, "forceHgLimit": 0, **{n: flags.get(n, False) for n in names}}


with np.errstate(all="ignore"):
    kinds = [params(range=True), params(range=True, zeroNans=True, zeroOrange=True), params()]
    cases = [make(p) for make in (lambda p: lpd(p, False), lambda p: lpd(p, True), dssc) for p in kinds]
path = pathlib.Path(__file__).with_name("single-plane.json")
path.write_text(json.dumps({"numpy": np.__version__, "cases": cases}, indent=1) + "\n")
print(path, path.stat().st_size, "bytes, numpy", np.__version__)
