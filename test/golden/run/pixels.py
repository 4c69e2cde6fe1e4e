"""Pixel values and constants of the golden run.

Every branch of the corrections occurs, yet gzip shrinks the files: tiles of low entropy repeat over the
module, and a few hundred pixels at places of their own keep any confusion of axes or cells visible.
With `full` every pixel is random instead.
"""
import numpy as np

SS, FS = 512, 128
# Raw gain levels of the stages, and the thresholds between them.
LEVELS = np.array([5000, 7000, 9000])


def tiled(rng, low, high, full, size=32):
    """(SS, FS) integers in low ... high - 1."""
    if full:
        return rng.integers(low, high, (SS, FS))
    return np.tile(rng.integers(low, high, (size, size)), (SS // size, FS // size))


def places(rng, count):
    """Pixels anywhere on the module, each once."""
    flat = rng.choice(SS * FS, count, replace=False)
    return flat // FS, flat % FS


def module_pattern(rng, full):
    """Which stage each pixel prefers: mostly high, 4 % medium, 3 % low."""
    share = tiled(rng, 0, 100, full)
    return np.where(share < 3, 2, np.where(share < 7, 1, 0))


def raw_frame(rng, stage, full):
    """(2, SS, FS) u16: analogue and raw gain of one frame."""
    gain = LEVELS[stage] + tiled(rng, 0, 16, full) * 8 + int(rng.integers(0, 200))
    # Wide enough in the lower stages that both force-back rules hit some pixels and miss others.
    base = np.array([5200, 5500, 6400])[stage] + int(rng.integers(0, 300))
    signal = base + tiled(rng, 0, 16, full) * np.array([4, 120, 200])[stage]
    y, x = places(rng, 120)
    gain[y, x] = rng.integers(0, 65536, len(y))
    y, x = places(rng, 120)
    signal[y, x] = rng.integers(0, 65536, len(y))
    for plane in (signal, gain):
        plane[0, 0], plane[-1, -1] = 0, 65535
    return np.stack([signal, gain]).astype(np.uint16)


def per_cell(rng, cells, planes, make):
    """(FS, SS, cell, plane) from image-ordered (SS, FS) planes."""
    out = np.stack([np.stack([make(rng, c, p) for p in range(planes)], -1) for c in range(cells)], -2)
    return np.ascontiguousarray(out.transpose(1, 0, 2, 3))


def spoil(rng, array, values, count=12):
    """Writes each value to pixels of its own, in cells and planes of its own."""
    for value in values:
        y, x = places(rng, count)
        cell = rng.integers(0, array.shape[2], count)
        at = (x, y, cell) if array.ndim == 3 else (x, y, cell, rng.integers(0, array.shape[3], count))
        array[at] = value
    return array


def constants(rng, cells, full, dtype):
    """The eight calibrations, float ones in `dtype`. f64 values are not representable in f32."""
    fraction = 1 / 3 if dtype == np.float64 else 0.25

    def offset(rng, c, p):
        return np.array([5000, 5600, 5900])[p] + c * 7 + tiled(rng, 0, 8, full, 8) * fraction * 40

    def thresholds(rng, c, p):
        middle = (LEVELS[:-1] + LEVELS[1:]) / 2
        return np.concatenate([middle, LEVELS])[p] + tiled(rng, 0, 4, full, 8) * fraction * 100 + c

    def slopes(rng, c, p):
        # Slope and intercept of high in planes 0 and 1, of medium in 3 and 4; the rest is fit statistics. Of these the
        # baseline 1 - 4 · 0/3 is as often below zero as above.
        level = {0: 30.0, 1: 5000.0, 3: 1.25, 4: 208.0}.get(p)
        return np.zeros((SS, FS)) if level is None else level * (1 + tiled(rng, 0, 8, full, 8) * fraction / 20)

    def bits(rng, c, p):
        return np.zeros((SS, FS), np.uint32)

    def some_bits(planes):
        array = per_cell(rng, cells, planes, bits)
        return spoil(rng, array, [1 << b for b in (0, 1, 2, 7, 22, 30, 31)], 40)

    nan, inf = np.nan, np.inf
    out = {
        "Offset": spoil(rng, per_cell(rng, cells, 3, offset), [nan, inf, -inf, -2e7, 1e-40, 0, -0.0, 7777.7]),
        "ThresholdsDark": spoil(rng, per_cell(rng, cells, 5, thresholds), [nan, inf, -5, 0, 65535, 7e4, 6100.5], 40),
        "SlopesPC": spoil(rng, per_cell(rng, cells, 10, slopes), [nan, 0, inf, -1], 30),
        "SlopesFF": spoil(rng, 1 + per_cell(rng, cells, 2, lambda r, c, p: tiled(r, 0, 8, full, 8)) * fraction / 10, [nan, 0, inf]),
    }
    out = {name: array.astype(dtype) for name, array in out.items()}
    return {**out, **{name: some_bits(3) for name in ("BadPixelsDark", "BadPixelsPC", "BadPixelsFF", "BadPixelsCS")}}
