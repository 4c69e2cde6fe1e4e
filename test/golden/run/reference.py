"""AGIPD-1M corrections in numpy, float32, one rounding an operation: an implementation of its own.

Written from the formulas alone, array by array, and sharing nothing with detcal's kernels or its TypeScript
reference. Constants come as on disk, (fast_scan, slow_scan, cell[, plane]); images are (slow_scan, fast_scan).
"""
import numpy as np

F32 = np.float32
NAN_BIT, RANGE_BIT = np.uint32(1 << 11), np.uint32(1 << 12)

PC_GAIN, PC_BASELINE, XRAY = "relative-gain", "adjust-mg-baseline", "xray-gain"
DARK, PC, FF, CS = MAPS = "BadPixelsDark", "BadPixelsPC", "BadPixelsFF", "BadPixelsCS"

CHAINS = {
    # name: (steps beside those of the default chain, gain mode, bad-pixel maps asked for)
    "default": (set(), "adaptive", None),
    "relative": ({PC_GAIN}, "adaptive", None),
    "baseline": ({PC_BASELINE}, "adaptive", None),
    "relative-baseline": ({PC_GAIN, PC_BASELINE}, "adaptive", None),
    "xray": ({XRAY}, "adaptive", None),
    "relative-xray": ({PC_GAIN, XRAY}, "adaptive", None),
    "baseline-xray": ({PC_BASELINE, XRAY}, "adaptive", None),
    "gain": ({PC_GAIN, PC_BASELINE, XRAY}, "adaptive", None),
    "high": (set(), "high", None),
    # In fixed gain only the flat field's step and map are left of these.
    "medium-gain": ({PC_GAIN, PC_BASELINE, XRAY}, "medium", None),
    "dark-map": ({PC_GAIN, PC_BASELINE, XRAY}, "adaptive", {DARK}),
    "other-maps": (set(), "adaptive", {PC, FF}),
    "every-map": (set(), "adaptive", set(MAPS)),
}


def maps_of(options, mode, asked):
    """The bad-pixel maps that make the mask: each comes with its step, unless some are asked for."""
    if asked is not None:
        return [name for name in MAPS if name in asked]
    pulse_capacitor = mode == "adaptive" and options & {PC_GAIN, PC_BASELINE}
    return [DARK] + ([PC] if pulse_capacitor else []) + ([FF] if XRAY in options else [])


def cell_plane(constant, cell, plane):
    """One image-ordered plane; a constant without the last axis serves every plane."""
    at_cell = constant[:, :, cell]
    return (at_cell if at_cell.ndim == 2 else at_cell[:, :, plane]).T


class Constants:
    """Planes of one module as the formulas name them, per cell, computed once."""

    def __init__(self, stored):
        self.stored = stored
        with np.errstate(all="ignore"):
            slopes = first_plane(stored["SlopesFF"]).astype(np.float64)
        finite = slopes[np.isfinite(slopes)]
        self.median = np.median(finite)
        self.cells = {}

    def at(self, cell):
        if cell not in self.cells:
            self.cells[cell] = self.planes(cell)
        return self.cells[cell]

    def planes(self, cell):
        def value(name, plane=0):
            return cell_plane(self.stored[name], cell, plane)

        out = {"O": [value("Offset", g).astype(F32) for g in range(3)]}
        t0 = value("ThresholdsDark", 0).astype(F32)
        t1 = value("ThresholdsDark", 1).astype(F32)
        with np.errstate(all="ignore"):
            gap = t1 <= (F32(1.05) * t0).astype(F32)
            out["T0"], out["T1"] = t0, np.where(gap, F32(65535), t1)
            m0, b1, m3, b4 = (value("SlopesPC", i).astype(np.float64) for i in (0, 1, 3, 4))
            out["G"] = [np.ones_like(t0), (m0 / m3).astype(F32), (4.48 * m0 / m3).astype(F32)]
            out["B1"] = (b1 - b4 * m0 / m3).astype(F32)
            out["X"] = (self.median / value("SlopesFF").astype(np.float64)).astype(F32)
        out["M"] = {name: [value(name, g).astype(np.uint32) for g in range(3)] for name in MAPS}
        return out


def first_plane(constant):
    return constant if constant.ndim == 3 else constant[:, :, :, 0]


def correct(raw, cell, constants, options, mode, asked, seen):
    """(2, ss, fs) u16 -> data f32, gain u8, mask u32. Adds to `seen` which rare branches there were."""
    c = constants.at(cell)
    s, r = raw[0].astype(F32), raw[1].astype(F32)
    with np.errstate(all="ignore"):
        if mode == "adaptive":
            g = np.where(r > c["T1"], 2, np.where(r > c["T0"], 1, 0))
            g = np.where((g == 2) & ((s - c["O"][1]) < F32(1000)), 1, g)
            g = np.where((g > 0) & ((s - c["O"][0]) < F32(1000)), 0, g)
        else:
            g = np.full(s.shape, {"high": 0, "medium": 1, "low": 2}[mode])
        d = s - np.choose(g, c["O"])
        if mode == "adaptive":
            before = d
            if PC_GAIN in options:
                d = d * np.choose(g, c["G"])
            if PC_BASELINE in options:
                d = np.where(g == 1, d + c["B1"], d)
            # Where the place of set-min matters: the baseline lifts a pixel above zero, or sinks it below.
            seen |= {"lifted"} if ((g == 1) & (before < 0) & (d > 0)).any() else set()
            seen |= {"sunk"} if ((g == 1) & (before > 0) & (d < 0)).any() else set()
            d = np.where((g == 1) & (d < 0), F32(0), d)
        if XRAY in options:
            d = d * c["X"]
        assert d.dtype == F32
        mask = np.zeros(s.shape, np.uint32)
        for name in maps_of(options, mode, asked):
            mask |= np.choose(g, c["M"][name])
        mask = np.where(np.isfinite(d), mask, mask | NAN_BIT)
        mask = np.where(np.abs(d) > 1e7, mask | RANGE_BIT, mask).astype(np.uint32)
    # Every NaN is stored with the same bits.
    d = np.where(np.isnan(d), np.array([0x7FC00000], np.uint32).view(F32)[0], d).astype(F32)
    return d, g.astype(np.uint8), mask
