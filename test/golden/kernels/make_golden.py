#!/usr/bin/env python3
"""Writes golden.json: AGIPD's per-pixel corrections computed by numpy in float32, whole arrays at a time.

Written from the table of formulas, not from the TypeScript: it is the other implementation. Run with
numpy 1.24 or 2.x:  python3 test/golden/kernels/make_golden.py
"""
import base64
import itertools
import json
import pathlib

import numpy as np

f32, u32 = np.float32, np.uint32
rng = np.random.default_rng(20250129)
PIXELS, FRAMES = 203, 2
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-42, -1e-42, 3.4e38, -3.4e38, 65535, 65536, -1, 1e7], f32)


def floats(low, high, odd=0.06):
    values = rng.uniform(low, high, PIXELS).astype(f32)
    return np.where(rng.random(PIXELS) < odd, rng.choice(SPECIAL, PIXELS), values).astype(f32)


def bits(odd=0.1):
    return np.where(rng.random(PIXELS) < odd, rng.integers(0, 2**32, PIXELS, dtype=u32), 0).astype(u32)


def raws(stages):
    s = rng.integers(2000, 14000, PIXELS).astype(np.uint16)
    s[::17] = rng.choice(np.array([0, 65535, 5000, 6000], np.uint16), len(s[::17]))
    if not stages:
        return s
    r = rng.choice(np.array([4000, 7000, 9500, 0, 65535, 8000], np.uint16), PIXELS, p=[0.5, 0.2, 0.2, 0.02, 0.02, 0.06])
    return np.concatenate([s, r])


def pick(g, planes):
    return np.select([g == 2, g == 1], [planes[2], planes[1]], planes[0])


# Steps that need a kernel with gain planes; what a kernel reads for those that are off changes nothing.
GAIN_STEPS = ("relative-gain", "adjust-mg-baseline", "xray-gain")


def correct(raw, c, p, adaptive, gain_steps, stage):
    s = raw[:PIXELS].astype(f32)
    if adaptive:
        r = raw[PIXELS:].astype(f32)
        g = np.where(r > c["T1"], 2, np.where(r > c["T0"], 1, 0))
        g = np.where((g == 2) & (s - c["O"][1] < f32(p["forceMgLimit"])), 1, g)
        g = np.where((g > 0) & (s - c["O"][0] < f32(p["forceHgLimit"])), 0, g)
    else:
        g = np.zeros(PIXELS, int)
    d = s - pick(g, c["O"])
    if "relative-gain" in gain_steps:
        d = d * pick(g, c["G"])
    if "adjust-mg-baseline" in gain_steps:
        d = np.where((g == 1) | (not adaptive), d + c["B"], d)
    if adaptive and p["setMin"]:
        d = np.where((g == 1) & (d < 0), f32(0), d)
    if "xray-gain" in gain_steps:
        d = d * c["X"]
    m = pick(g, c["M"]).astype(u32)
    first = c["M"][0]
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
    return words, (g if adaptive else np.full(PIXELS, stage)).astype(np.uint8), m, departures


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def case(adaptive, gain_steps, params):
    stages = 3 if adaptive else 1
    t0, t1 = floats(5500, 6500, 0.04), floats(7800, 8800, 0.04)
    c = {
        "O": [floats(3000, 9000) for _ in range(stages)] * (1 if adaptive else 3),
        "M": [bits() for _ in range(stages)] * (1 if adaptive else 3),
        "G": [floats(0.5, 40) for _ in range(stages)] * (1 if adaptive else 3),
        "X": floats(0.8, 1.2),
        "B": floats(-50, 50),
        # T0 as the kernel holds it: never above T1 where T1 is a number.
        "T0": np.fmin(t0, t1),
        "T1": t1,
    }
    # Some pixels exactly at the limits of the force steps.
    frames = [raws(adaptive) for _ in range(FRAMES)]
    for k in range(0, PIXELS, 11):
        c["O"][k % stages][k] = f32(frames[0][k]) - f32(1000)
    o, m, g, x, b = c["O"], c["M"], c["G"], c["X"], c["B"]
    if "relative-gain" not in gain_steps:
        g = [np.ones(PIXELS, f32)] * 3
    if "adjust-mg-baseline" not in gain_steps:
        b = np.full(PIXELS, -0.0, f32)
    if "xray-gain" not in gain_steps:
        x = np.ones(PIXELS, f32)
    if adaptive:
        planes = [o[0], m[0], c["T0"], t1, o[1], m[1], o[2], m[2]] + ([g[0], x, g[1], g[2], b] if gain_steps else [])
    else:
        planes = [o[0], m[0]] + ([g[0], x, b] if gain_steps else [])
    results = [correct(raw, c, params, adaptive, gain_steps, params["stage"]) for raw in frames]
    return {
        "kernel": "agipd" + ("Adaptive" if adaptive else "Fixed") + ("Gain" if gain_steps else ""),
        "params": params,
        "pixels": PIXELS,
        "constants": text(np.concatenate([plane.view(u32) for plane in planes])),
        "raw": [text(raw) for raw in frames],
        "results": [
            {"data": text(d), "gain": text(gain), "mask": text(mask), "departures": n} for d, gain, mask, n in results
        ],
    }


def params(stage=0, force=(1000, 1000), **flags):
    names = ["setMin", "range", "zeroNans", "zeroOrange"]
    return {"stage": stage, "forceMgLimit": force[0], "forceHgLimit": force[1], **{n: flags.get(n, False) for n in names}}


with np.errstate(all="ignore"):
    cases = [
        case(True, (), params(setMin=True, range=True)),
        case(True, (), params(force=(-500, 2500), range=True, zeroNans=True, zeroOrange=True)),
        case(True, GAIN_STEPS, params(setMin=True, range=True)),
        case(True, GAIN_STEPS, params(force=(2000, 0), range=True, zeroOrange=True)),
        case(True, GAIN_STEPS, params()),
        case(False, (), params(stage=1, range=True)),
        case(False, GAIN_STEPS, params(stage=2, range=True, zeroNans=True)),
    ]
    # Each of the gain steps alone, and two together; all three and none are above.
    for gain_steps in [pair for n in (1, 2) for pair in itertools.combinations(GAIN_STEPS, n)]:
        cases.append(case(True, gain_steps, params(setMin=True, range=True)))
    cases.append(case(False, ("xray-gain",), params(stage=1, range=True)))
path = pathlib.Path(__file__).with_name("golden.json")
path.write_text(json.dumps({"numpy": np.__version__, "cases": cases}, indent=1) + "\n")
print(path, path.stat().st_size, "bytes, numpy", np.__version__)
