"""Writes small AGIPD constants with h5py, and what numpy makes of them in a lane's layout.

Files are committed gzip-ed; expected.json holds, for each case, the recipes and the SHA-256 of the lane.
Numbers follow formulas, so that the files compress; nothing is random.

    python3 make_constants.py        # h5py 3.7, numpy 1.24
"""
import gzip
import hashlib
import json
from pathlib import Path

import h5py
import numpy as np

here = Path(__file__).parent
FS, SS, CELLS = 128, 512, 2
DIMS = ["fast_scan", "slow_scan", "cell", "gain"]


def pattern(planes, seed):
    """(fs, ss, cell, plane) f64, below 61 + planes * 1000, no two axes alike, not exact in f32."""
    fs, ss, cell, plane = np.ogrid[:FS, :SS, :CELLS, :planes]
    return ((fs * 7 + ss * 13 + cell * 5 + seed) % 61) * 1.1 + plane * 1000.0 + cell * 0.3


def with_nans(array, every):
    fs, ss, cell, plane = np.ogrid[:FS, :SS, :CELLS, : array.shape[3]]
    array[np.broadcast_to((fs + ss * FS + cell + plane) % every == 0, array.shape)] = np.nan
    return array


def masks(planes, seed):
    fs, ss, cell, plane = np.ogrid[:FS, :SS, :CELLS, :planes]
    bit = (fs + ss + 3 * cell + plane + seed) % 32
    bad = (fs * 5 + ss * 3 + cell + plane + seed) % 89 == 0
    return np.where(bad, np.uint32(1) << bit.astype(np.uint32), np.uint32(0)).astype(np.uint32)


offset = with_nans(4000 + pattern(3, 0), 4999)
thresholds = 6000 + pattern(5, 11)
thresholds[::9, ::7, :, 1] = thresholds[::9, ::7, :, 0] * 1.02  # low-medium gap
thresholds[5, 6, 1, 0] = np.nan
thresholds[6, 6, 1, 1] = np.nan
thresholds[7, 6, 1, :2] = np.nan
thresholds[8, 6, 0, :2] = 70000, 69000
dark = masks(3, 0)
slopes_pc = 1 + with_nans(pattern(10, 23), 17919) / 512
slopes_pc[3, 4, 0, 3] = 0.0
slopes_ff = 0.5 + with_nans(pattern(2, 37), 6007)
slopes_ff[7, 8, 1, 0] = np.inf
pc = masks(3, 7)
ff = masks(1, 13)[..., 0]
relative = (1 + pattern(3, 41) // 7).astype("f4")

PDU = "AGIPD_SIV1_AGIPDV11_M042"


def put(name, datasets, **file_options):
    path = here / name
    with h5py.File(path, "w", **file_options) as f:
        for calibration, data, dims, options in datasets:
            dataset = f.create_dataset(f"{PDU}/{calibration}/0/data", data=data, **options)
            if dims:
                dataset.attrs["dims"] = dims
    (here / f"{name}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
    path.unlink()


gz = dict(compression="gzip", shuffle=True)
image = lambda a: np.ascontiguousarray(a.transpose(3, 2, 1, 0))
put("contiguous.h5", [
    ("Offset", offset, None, {}),
    ("ThresholdsDark", thresholds, None, {}),
    ("BadPixelsDark", dark, None, {}),
    ("Mean", offset[..., 0], None, {}),
])
put("chunked.h5", [
    ("SlopesPC", slopes_pc.astype("f4"), DIMS[:3] + ["parameter"], dict(chunks=(48, 512, 2, 5), **gz)),
    ("BadPixelsPC", pc.astype("u8"), DIMS, dict(chunks=(128, 512, 1, 1), **gz)),
    ("SlopesFF", slopes_ff, DIMS, dict(chunks=(32, 512, 2, 2), **gz)),
    ("BadPixelsFF", ff.astype("f8"), DIMS[:3], dict(chunks=(1, 512, 2), **gz)),
    ("RelativeGain", relative, None, {}),
])
put("image-order.h5", [
    ("Offset", image(offset).astype("f4"), DIMS[::-1], dict(chunks=(1, 1, 512, 128), **gz)),
    ("BadPixelsDark", image(dark).astype("i8"), DIMS[::-1], {}),
    ("ThresholdsDark", image(thresholds), ["threshold", "cell", "slow_scan", "fast_scan"], {}),
])
# A version-2 B-tree indexes its chunks, which the direct reader leaves to the library.
put("fallback.h5", [
    ("Offset", offset.astype("f4"), DIMS, dict(chunks=(40, 512, 2, 3), maxshape=(None,) * 4, **gz)),
    ("BadPixelsDark", dark.astype("u4"), DIMS, {}),
], libver="latest")

# Nothing is written: only that one chunk would take 33 MiB to read.
huge = dict(shape=(FS, SS, 22, 3), dtype="f8", chunks=(FS, SS, 22, 3), compression="gzip")
put("huge.h5", [("Offset", None, DIMS, huge)])
put("huge-fallback.h5", [("Offset", None, DIMS, dict(maxshape=(None,) * 4, **huge))], libver="latest")


def f32(a):
    return np.asarray(a, "f4").view("u4")


def lane(cells, planes):
    """u32 [cell][plane][ss][fs] of planes (fs, ss, cell)."""
    stacked = np.stack([p[:, :, cells] for p in planes], axis=-1)  # fs ss cell plane
    return np.ascontiguousarray(stacked.transpose(2, 3, 1, 0)).astype("<u4")


def gap(t):
    t0, t1 = t[..., 0].astype("f4"), t[..., 1].astype("f4")
    return np.where(t1 <= np.float32(1.05) * t0, np.float32(65535), t1)


def medium(t):
    """T0 not above T1, T1 where T0 is NaN, infinite where both are."""
    t0, t1 = t[..., 0].astype("f4"), gap(t)
    return np.fmin(t0, np.where(np.isnan(t1), np.float32(np.inf), t1))


def value(calibration, index):
    return {"kind": "value", "calibration": calibration, "index": index}


def bad(stage, *calibrations):
    return {"kind": "bad-pixels", "calibrations": calibrations, "stage": stage}


def everything(p, x):
    m0, b1, m3, b4 = (p[..., i].astype("f8") for i in (0, 1, 3, 4))
    finite = x[..., 0][np.isfinite(x[..., 0])]
    with np.errstate(divide="ignore", invalid="ignore"):
        return [
            f32(m0 / m3), f32(4.48 * m0 / m3), f32(b1 - b4 * m0 / m3), f32(np.median(finite) / x[..., 0]),
        ], float(np.median(finite))


gain_planes, median = everything(slopes_pc.astype("f4"), slopes_ff)
O, T = f32(offset), f32(thresholds)
ones = np.full((FS, SS, CELLS), 0x3F800000, "u4")
cases = {
    "adaptive": (
        {"Offset": "contiguous", "ThresholdsDark": "contiguous", "BadPixelsDark": "contiguous"},
        [value("Offset", 0), bad(0, "BadPixelsDark"), {"kind": "medium-threshold", "gap": True},
         {"kind": "low-threshold", "gap": True}, value("Offset", 1), bad(1, "BadPixelsDark"),
         value("Offset", 2), bad(2, "BadPixelsDark")],
        [O[..., 0], dark[..., 0], f32(medium(thresholds)), f32(gap(thresholds)), O[..., 1], dark[..., 1], O[..., 2], dark[..., 2]],
    ),
    "gain": (
        {"Offset": "contiguous", "BadPixelsDark": "contiguous", "BadPixelsPC": "chunked", "BadPixelsFF": "chunked",
         "SlopesPC": "chunked", "SlopesFF": "chunked", "RelativeGain": "chunked"},
        [bad(1, "BadPixelsPC", "BadPixelsDark"), bad(2, "BadPixelsDark", "BadPixelsPC", "BadPixelsFF"),
         {"kind": "pc-gain", "stage": 0}, {"kind": "pc-gain", "stage": 1}, {"kind": "pc-gain", "stage": 2},
         {"kind": "pc-baseline"}, {"kind": "xray-gain"}, value("RelativeGain", 2),
         {"kind": "fill", "bits": 0x80000000}, bad(0), value("Offset", 2)],
        [pc[..., 1] | dark[..., 1], pc[..., 2] | dark[..., 2] | ff, ones, *gain_planes,
         relative[..., 2].view("u4"), np.full_like(ones, 0x80000000), np.zeros_like(ones), O[..., 2]],
    ),
    "image-order": (
        {"Offset": "image-order", "BadPixelsDark": "image-order", "ThresholdsDark": "image-order"},
        [value("Offset", 1), bad(1, "BadPixelsDark"), value("ThresholdsDark", 0), {"kind": "low-threshold", "gap": False}],
        [O[..., 1], dark[..., 1], T[..., 0], T[..., 1]],
    ),
    "fallback": (
        {"Offset": "fallback", "BadPixelsDark": "fallback"},
        [value("Offset", 2), bad(2, "BadPixelsDark")],
        [O[..., 2], dark[..., 2]],
    ),
}
expected = {"pdu": PDU, "median": median, "versions": f"h5py {h5py.__version__}, numpy {np.__version__}", "cases": {}}
for name, (files, recipes, planes) in cases.items():
    cells = [1, 0] if name == "adaptive" else [0, 1]
    data = lane(cells, planes)
    expected["cases"][name] = {
        "files": files, "cells": cells, "recipes": recipes,
        "sha256": hashlib.sha256(data.tobytes()).hexdigest(),
    }
(here / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
