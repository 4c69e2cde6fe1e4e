"""Writes RAW files, constants, and CORR files with the facility's metadata files, one for each way in which the steps may be
meant. `detcal explain` must name the way by which each was made.

    make_explain.py OUT [--seed S]      OUT/<detector>/{raw/r0001,constants}, OUT/<detector>/<case>/, OUT/expected.json

numpy computes the results in float32, array by array, from the sentences that describe the readings; detcal has no part in
it. Pixels are drawn so that every way makes a difference: raw gains at thresholds, signals at limits, slopes below zero.
"""
import argparse
import json
import sys
from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "run"), str(HERE.parent / "detectors")]
import make_run  # noqa: E402
import make_runs  # noqa: E402

f32, f64, u32 = np.float32, np.float64, np.uint32
DARK, PC, FF = "BadPixelsDark", "BadPixelsPC", "BadPixelsFF"
NONE = {"gain": [], "data": [], "mask": []}

# The readings by which each case is made, by the dataset in which they show. What a case does is said in `agipd`, `lpd`,
# `dssc` below, by the same names.
AGIPD_CASES = [
    {},
    {"gain": ["threshold-inclusive"]},
    {"gain": ["gap-never-closed"]},
    {"gain": ["force-mg-own-offset"]},
    {"gain": ["force-hg-medium-offset"]},
    {"gain": ["force-hg-medium-offset-any-stage"]},
    {"gain": ["force-hg-medium-only"]},
    {"gain": ["force-hg-medium-only", "force-hg-first"]},
    {"gain": ["force-inclusive"]},
    {"data": ["set-min-after-offset"]},
    {"data": ["set-min-before-baseline"]},
    {"data": ["set-min-last"]},
    {"data": ["set-min-low-too"]},
    {"data": ["baseline-before-gain"]},
    {"data": ["slopes-pc-in-f32"]},
    {"data": ["baseline-in-f32"]},
    {"data": ["slopes-ff-times"]},
    {"data": ["slopes-ff-divided"]},
    {"data": ["slopes-ff-absolute"]},
    {"data": ["nans-zero"]},
    {"data": ["flagged-zero"]},
    {"mask": ["range-without-bits"]},
    {"mask": ["maps-dark"]},
    {"mask": ["maps-dark-pc"]},
    {"mask": ["maps-dark-ff"]},
    {"mask": ["maps-none"]},
    {"mask": ["mask-of-first-stage"]},
    {"mask": ["mask-of-any-stage"]},
    # Together.
    {"gain": ["threshold-inclusive", "force-hg-medium-offset"], "data": ["set-min-after-offset", "slopes-ff-times"], "mask": ["maps-dark"]},
    {"gain": ["gap-never-closed"], "data": ["set-min-last", "baseline-in-f32", "slopes-ff-absolute", "flagged-zero"], "mask": ["maps-dark-pc", "mask-of-any-stage"]},
]
LPD_CASES = [
    {},
    {"gain": ["wrong-gain-kept"]},
    {"data": ["relative-gain-divides"]},
    {"data": ["gain-amp-map-divides"]},
    {"data": ["ff-map-divides"]},
    {"data": ["factors-one-by-one"]},
    {"data": ["offset-axes-swapped"]},
    {"data": ["relative-gain-axes-swapped"]},
    {"data": ["gain-amp-map-axes-swapped"]},
    {"data": ["ff-map-axes-swapped"]},
    {"data": ["gain-amp-map-divides", "relative-gain-axes-swapped", "ff-map-axes-swapped"], "mask": ["maps-axes-swapped"]},
    {"data": ["nans-zero"]},
    {"data": ["flagged-zero"]},
    {"mask": ["maps-axes-swapped"]},
    {"mask": ["range-without-bits"]},
    {"mask": ["wrong-gain-unmarked"]},
    {"mask": ["maps-dark"]},
    {"mask": ["maps-ff"]},
    {"mask": ["maps-none"]},
    {"mask": ["mask-of-any-stage"]},
    {"gain": ["wrong-gain-kept"], "data": ["gain-amp-map-divides", "ff-map-divides", "factors-one-by-one"], "mask": ["wrong-gain-unmarked", "mask-of-first-stage"]},
]
DSSC_CASES = [
    {},
    {"data": ["zero-kept"]},
    {"data": ["flagged-zero"]},
    {"mask": ["range-without-bits"]},
    {"data": ["nans-zero"], "mask": ["maps-none"]},
]


def name_of(case):
    return "+".join(name for names in case.values() for name in names) or "decided"


class Plain:
    """Two trains of two frames in one file, in the form that `make_run.write_raw` asks for."""

    ids, flags, trains = [make_run.TRAIN0, make_run.TRAIN0 + 1], [1, 1], [0, 1]

    def frames(self, train):
        return [(make_run.PULSE_STEP * cell, cell) for cell in (0, 1)]

    def sequences(self, module):
        return [self.trains]

    def stored(self, module, train):
        return self.frames(train)

    def gap(self, module, train):
        return 0

    def padding(self, module):
        return 0, False


SS, FS, CELLS = 512, 128, 2


def agipd_constants(rng):
    """By calibration, as on disk: (fast_scan, slow_scan, cell, plane), f64 or u32."""
    shape = (FS, SS, CELLS)
    some = lambda share: rng.random(shape) < share
    integers = lambda low, high: rng.integers(low, high, shape).astype(f64)
    # Half of the offsets are whole numbers, so that signals can lie at limits; some make negative values of their stage.
    fraction = np.where(some(0.5), 0, rng.random(shape))
    offset = np.stack([5000 + integers(0, 60), np.where(some(0.3), 7000, 5600) + integers(0, 60), np.where(some(0.3), 9000, 5900) + integers(0, 60)], -1) + fraction[..., None]
    for value in (np.nan, np.inf, -2e7):
        offset[some(0.004), rng.integers(0, 3)] = value
    t0 = integers(6150, 6250)
    t1 = np.where(some(0.2), t0 + integers(0, 200), integers(7500, 7600))
    slopes = np.zeros((*shape, 10))
    slopes[..., 0] = 30 * (1 + rng.random(shape) / 20)
    slopes[..., 1] = 5000 + 300 * rng.random(shape)
    slopes[..., 3] = np.where(some(0.05), -1, 1) * 1.25 * (1 + rng.random(shape) / 20)
    slopes[..., 4] = 208 + 20 * rng.random(shape)
    flat = np.zeros((*shape, 2))
    flat[..., 0] = np.where(some(0.05), -1, 1) * (1.1 + rng.random(shape) / 2)
    flat[..., 0][some(0.01)] = np.nan
    bits = lambda: np.where(rng.random((*shape, 3)) < 0.05, 1 << rng.integers(0, 32, (*shape, 3)), 0).astype(u32)
    return {
        "Offset": offset,
        "ThresholdsDark": np.stack([t0, t1, t0, t0, t1], -1),
        "SlopesPC": slopes,
        "SlopesFF": flat,
        **{name: bits() for name in (DARK, PC, FF)},
    }


def images(constant):
    """(plane, cell, ss, fs) of a constant on disk."""
    return constant.transpose(3, 2, 1, 0)


def agipd_frame(rng, constants, cell):
    """(2, ss, fs) u16: signals near offsets and limits, raw gains near thresholds."""
    offset, threshold = images(constants["Offset"])[:, cell], images(constants["ThresholdsDark"])[:, cell]
    with np.errstate(invalid="ignore"):
        near = np.nan_to_num(np.choose(rng.integers(0, 3, (SS, FS)), offset) + rng.choice([0, 1000, 1200], (SS, FS)), posinf=0, neginf=0)
    signal = np.where(rng.random((SS, FS)) < 0.7, near + rng.integers(-2, 3, (SS, FS)), rng.integers(4800, 12000, (SS, FS)))
    gain = np.where(rng.random((SS, FS)) < 0.5, np.choose(rng.integers(0, 2, (SS, FS)), threshold[:2]) + rng.integers(-2, 3, (SS, FS)), rng.integers(5000, 9000, (SS, FS)))
    return np.clip(np.stack([signal, gain]), 0, 65535).astype(np.uint16)


def agipd(raw, cell, c, readings):
    """One frame as `readings` have it: data, gain, mask."""
    is_ = readings.__contains__
    stack = {name: images(array)[:, cell] for name, array in c.items()}
    offset = stack["Offset"].astype(f32)
    t0, t1 = stack["ThresholdsDark"][:2].astype(f32)
    s, r = raw[0].astype(f32), raw[1].astype(f32)
    if not is_("gap-never-closed"):
        t1 = np.where(t1 <= f32(1.05) * t0, f32(65535), t1)
    beyond = np.greater_equal if is_("threshold-inclusive") else np.greater
    below = np.less_equal if is_("force-inclusive") else np.less
    to_medium_limit, to_high_limit = f32(1000), f32(1200)

    def to_medium(g):
        return np.where((g == 2) & below(s - offset[2 if is_("force-mg-own-offset") else 1], to_medium_limit), 1, g)

    def to_high(g):
        only_medium = is_("force-hg-medium-offset") or is_("force-hg-medium-only")
        above = offset[1 if is_("force-hg-medium-offset") or is_("force-hg-medium-offset-any-stage") else 0]
        return np.where(((g == 1) if only_medium else (g > 0)) & below(s - above, to_high_limit), 0, g)

    g = np.where(beyond(r, t1), 2, np.where(beyond(r, t0), 1, 0))
    g = to_medium(to_high(g)) if is_("force-hg-first") else to_high(to_medium(g))
    m0, b1, m3, b4 = (stack["SlopesPC"][i] for i in (0, 1, 3, 4))
    if is_("slopes-pc-in-f32"):
        ratio = m0.astype(f32) / m3.astype(f32)
        gains = [np.ones_like(ratio), ratio, ratio * f32(4.48)]
    else:
        gains = [np.ones((SS, FS), f32), (m0 / m3).astype(f32), (4.48 * m0 / m3).astype(f32)]
    if is_("baseline-in-f32"):
        baseline = b1.astype(f32) - b4.astype(f32) * m0.astype(f32) / m3.astype(f32)
    else:
        baseline = (b1 - b4 * m0 / m3).astype(f32)
    slope = stack["SlopesFF"][0]
    everything = c["SlopesFF"][..., 0]
    median = np.median(everything[np.isfinite(everything)])

    def lifted(d):
        return np.where(((g == 1) | (is_("set-min-low-too") & (g == 2))) & (d < 0), f32(0), d)

    place = next((name for name in ("set-min-after-offset", "set-min-before-baseline", "set-min-last") if is_(name)), None)
    d = s - np.choose(g, offset)
    d = lifted(d) if place == "set-min-after-offset" else d
    if is_("baseline-before-gain"):
        d = np.where(g == 1, d + baseline, d) * np.choose(g, gains)
    else:
        d = d * np.choose(g, gains)
        d = lifted(d) if place == "set-min-before-baseline" else d
        d = np.where(g == 1, d + baseline, d)
    d = lifted(d) if place is None else d
    if is_("slopes-ff-times"):
        d = d * (slope / median).astype(f32)
    elif is_("slopes-ff-divided"):
        d = d / (slope / median).astype(f32)
    elif is_("slopes-ff-absolute"):
        d = d / slope.astype(f32)
    else:
        d = d * (median / slope).astype(f32)
    d = lifted(d) if place == "set-min-last" else d
    maps = next((maps for name, maps in {"maps-dark": [DARK], "maps-dark-pc": [DARK, PC], "maps-dark-ff": [DARK, FF], "maps-none": []}.items() if is_(name)), [DARK, PC, FF])
    return finished(d, g, [stack[name] for name in maps], u32(0), readings)


def finished(d, g, maps, mask, readings):
    """Mask, bits of values, zeros in their place."""
    assert d.dtype == f32
    stage = np.minimum(g, maps[0].shape[0] - 1) if maps else g
    mask = np.zeros(d.shape, u32) | mask
    for planes in maps:
        if "mask-of-any-stage" in readings:
            mask = mask | np.bitwise_or.reduce(planes)
        else:
            mask = mask | (planes[0] if "mask-of-first-stage" in readings else np.choose(stage, planes))
    nans, out = ~np.isfinite(d), np.abs(d) > 1e7
    if "range-without-bits" not in readings:
        mask = mask | np.where(nans, u32(1 << 11), u32(0)) | np.where(out, u32(1 << 12), u32(0))
    if "nans-zero" in readings or "flagged-zero" in readings:
        d = np.where(nans, f32(0), d)
    if "flagged-zero" in readings:
        d = np.where(out, f32(0), d)
    return d.astype(f32), g.astype("u1"), mask.astype(u32)


def two_more(d, raw, cell, c, readings):
    """A frame of LPD or DSSC as `readings` have it. Constants: (cell, stage, ss, fs)."""
    swapping = {"Offset": "offset", "RelativeGain": "relative-gain", "GainAmpMap": "gain-amp-map", "FFMap": "ff-map", DARK: "maps", FF: "maps"}
    c = {name: array.swapaxes(-1, -2) if f"{swapping.get(name)}-axes-swapped" in readings else array for name, array in c.items()}
    offset = c["Offset"][cell].astype(f32)
    if d.aggregator == "DSSC":
        v = raw if "zero-kept" in readings else np.where(raw == 0, 256, raw)
        return finished(v.astype(f32) - offset[0], np.zeros(raw.shape, int), [] if "maps-none" in readings else [c[DARK][cell]], u32(0), readings)
    code = (raw >> 12) & 3
    g = np.minimum(code, 2)
    value = (raw & 0xFFF).astype(f32) - np.choose(g, offset)
    factors = [("RelativeGain", "relative-gain-divides"), ("GainAmpMap", "gain-amp-map-divides"), ("FFMap", "ff-map-divides")]
    chosen = [(np.choose(g, c[name][cell].astype(f32)), divides in readings) for name, divides in factors]
    if "factors-one-by-one" in readings:
        for factor, divides in chosen:
            value = value / factor if divides else value * factor
    else:
        product = f32(1) / chosen[0][0] if chosen[0][1] else chosen[0][0]
        for factor, divides in chosen[1:]:
            product = product / factor if divides else product * factor
        value = value * product
    maps = {"maps-dark": [DARK], "maps-ff": [FF], "maps-none": []}
    used = next((maps[name] for name in maps if name in readings), [DARK, FF])
    wrong = np.where((code == 3) & ("wrong-gain-unmarked" not in readings), u32(1 << 21), u32(0))
    data, _, mask = finished(value, g, [c[name][cell] for name in used], wrong, readings)
    return data, (code if "wrong-gain-kept" in readings else g).astype("u1"), mask


def write_corrected(path, source, ids, frames):
    """One CORR file as the facility writes it; `frames` by train: (pulse, cell, data, gain, mask)."""
    legacy = source.replace("/CORR/", "/DET/").replace(":output", ":xtdf")
    with h5py.File(path, "w") as file:
        make_run.write_strings(file, "METADATA/dataSources/dataSourceId", [f"INSTRUMENT/{name}/image" for name in (source, legacy)])
        make_run.write_strings(file, "METADATA/dataFormatVersion", ["1.2"])
        n, flat = len(ids), [frame for train in frames for frame in train]
        for name, values, dtype in (("trainId", ids, "u8"), ("timestamp", [make_run.TIME0] * n, "u8"), ("flag", [1] * n, "i4"), ("origin", [-1] * n, "i4")):
            file.create_dataset(f"INDEX/{name}", data=np.array(values, dtype))
        counts = [len(train) for train in frames]
        file.create_dataset(f"INDEX/{source}/image/first", data=np.cumsum([0, *counts[:-1]]).astype("u8"))
        file.create_dataset(f"INDEX/{source}/image/count", data=np.array(counts, "u8"))
        image = file.create_group(f"INSTRUMENT/{source}/image")
        for i, name in enumerate(("data", "gain", "mask")):
            array = np.array([frame[2 + i] for frame in flat])
            more = {} if name == "data" else {"compression": 1}
            image.create_dataset(name, data=array, chunks=(1, *array.shape[1:]), **more)
        image["trainId"] = np.repeat(np.array(ids, "u8"), counts)
        image["pulseId"] = np.array([frame[0] for frame in flat], "u8")
        image["cellId"] = np.array([frame[1] for frame in flat], "u2")
        for root in ("INDEX", "INSTRUMENT"):
            file[f"{root}/{legacy}"] = h5py.SoftLink(f"/{root}/{source}")


def write_metadata(path, karabo, aggregator, options, pdu, constants):
    """The facility's metadata file; JSON is YAML."""
    tree = {
        "calibration-configurations": {"karabo-id": karabo, "in-folder": "/gpfs/exfel/exp/p900000/raw", "out-folder": "/gpfs/exfel/d/proc", "overwrite": True, **options},
        "pycalibration-version": "3.16.0",
        "retrieved-constants": {
            f"{aggregator}00": {
                "physical-name": pdu,
                "constants": {name: {"ccv_id": i, "creation-time": "2023-11-03 08:26:40+00:00", "dataset": f"/{pdu}/{name}/0", "path": "constants/cal.1699000000.h5"} for i, name in enumerate(constants)},
            },
            "time-summary": {},
        },
    }
    path.write_text(json.dumps(tree, indent=1) + "\n")


AGIPD_OPTIONS = {
    **{name: True for name in ("adjust-mg-baseline", "blc-set-min", "force-hg-if-below", "force-mg-if-below", "low-medium-gap", "rel-gain", "xray-gain")},
    **{name: False for name in ("common-mode", "only-offset", "blc-noise", "zero-nans", "zero-orange", "mask-zero-std", "mask-noisy-adc")},
    **{"ff-gain": 1.0, "hg-hard-threshold": 1200, "mg-hard-threshold": 1000, "gain-mode": 0, "max-pulses": [0, 352, 1], "mem-cells": -1},
}
LPD_OPTIONS = {**{name: True for name in ("offset-corr", "rel-gain", "ff-map", "gain-amp-map")}, "mem-cells": 512, "category": 0}


def folders(out, name):
    for folder in ("raw/r0001", "constants"):
        (out / name / folder).mkdir(parents=True, exist_ok=True)
    return out / name


def make_agipd(out, seed):
    place, rng, layout = folders(out, "agipd"), np.random.default_rng([seed, 0]), Plain()
    constants = agipd_constants(rng)
    raw = {(t, cell): agipd_frame(rng, constants, cell) for t in layout.trains for cell in range(CELLS)}
    make_run.write_raw(place / "raw/r0001/RAW-R0001-AGIPD00-S00000.h5", layout, 0, 0, lambda t, i: raw[t, i])
    pdu = "AGIPD_SIV1_AGIPDV11_M300"
    make_run.write_constants(place / "constants/cal.1699000000.h5", pdu, constants, dims=True)
    karabo = make_run.KARABO_ID

    def write(name, readings, options=AGIPD_OPTIONS, spoil=None):
        frames = [[(pulse, cell, *agipd(raw[t, cell], cell, constants, readings)) for pulse, cell in layout.frames(t)] for t in layout.trains]
        if spoil:
            spoil(frames)
        folder = place / name
        folder.mkdir(exist_ok=True)
        write_corrected(folder / "CORR-R0001-AGIPD00-S00000.h5", f"{karabo}/CORR/0CH0:output", layout.ids, frames)
        write_metadata(folder / f"calibration_metadata_{karabo}.yml", karabo, "AGIPD", options, pdu, constants)

    def spoil(frames):
        """What no reading makes: values of medium gain are otherwise, and one bit of one pixel is set."""
        (_, _, data, gain, _), (_, _, _, _, mask) = frames[0]
        data[gain == 1] *= f32(1.001)
        mask[300, 77] ^= u32(1 << 5)

    for case in AGIPD_CASES:
        write(name_of(case), [name for names in case.values() for name in names])
    write("spoilt", [], spoil=spoil)
    write("common-mode", ["force-hg-medium-offset"], {**AGIPD_OPTIONS, "common-mode": True})
    return {name_of(case): {**NONE, **case} for case in AGIPD_CASES}


def make_other(out, seed, d, cases, options):
    place, rng = folders(out, d.name), np.random.default_rng([seed, d.ss])
    constants, table = make_runs.constants_of(d, rng), make_runs.raw_table(d, rng)
    # Far from anything, yet a number.
    constants["Offset"][rng.random(constants["Offset"].shape) < 0.002] = -2e7
    trains = (0, 1)
    frames = [(t, i, make_runs.raw_frame(d, rng, table, 11 * t + i)[0]) for t in trains for i in range(len(make_runs.CELLS))]
    make_runs.write_raw(place / f"raw/r0001/RAW-R0001-{d.aggregator}00-S00000.h5", d, 0, 0, trains, frames)
    make_runs.write_control(place / "raw/r0001/RAW-R0001-DA01-S00000.h5", d, range(len(trains)))
    pdu = f"{d.aggregator}_M0"
    make_runs.write_constants(place / "constants/cal.1699000000.h5", d, pdu, constants)
    for case in cases:
        readings = [name for names in case.values() for name in names]
        folder = place / name_of(case)
        folder.mkdir(exist_ok=True)
        results = [[(make_runs.STEP * i, make_runs.CELLS[i], *two_more(d, raw, make_runs.CELLS[i], constants, readings)) for train, i, raw in frames if train == t] for t in trains]
        write_corrected(folder / f"CORR-R0001-{d.aggregator}00-S00000.h5", f"{d.karabo}/CORR/0CH0:output", [make_runs.IDS[t] for t in trains], results)
        write_metadata(folder / f"calibration_metadata_{d.karabo}.yml", d.karabo, d.aggregator, options, pdu, constants)
    return {name_of(case): {**NONE, **case} for case in cases}


def main(argv):
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=20261201)
    args = parser.parse_args(argv)
    lpd, _, dssc = make_runs.DETECTORS
    with np.errstate(all="ignore"):
        expected = {
            "agipd": make_agipd(args.out, args.seed),
            "lpd": make_other(args.out, args.seed, lpd, LPD_CASES, LPD_OPTIONS),
            "dssc": make_other(args.out, args.seed, dssc, DSSC_CASES, {}),
        }
    (args.out / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
