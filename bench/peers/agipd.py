"""The default chain of AGIPD-1M in numba and numpy, as peers of detcal's kernel.

Reads commands on stdin, answers each with a line of JSON:
    load <cells> <trains> <tile> <pixels> <file>    constants and frames, one behind the other
    <kernel> <passes>                               corrects everything, and says how long that took
    dump <file>                                     writes data, gain and mask
"""
import json
import sys
import time

import numpy as np
from numba import njit

O0, M0, T0, T1, O1, M1, O2, M2 = range(8)
STRIP = 8192
LIMIT = np.float32(1000)
ZERO = np.float32(0)
MOST = np.float32(1e7)
VALUE_IS_NAN = np.uint32(1 << 11)
VALUE_OUT_OF_RANGE = np.uint32(1 << 12)


@njit(inline="always")
def pixel(s, r, f, c, p):
    """Value, gain stage and mask of one pixel; f and c are a cell's planes as f4 and u4."""
    value = np.float32(s) - f[O0, p]
    bits = c[M0, p]
    stage = 0
    if r > f[T0, p] or r > f[T1, p]:
        medium = np.float32(s) - f[O1, p]
        stage = 2 if r > f[T1, p] else 1
        if stage == 2 and medium < LIMIT:
            stage = 1
        if value < LIMIT:
            stage = 0
        if stage == 1:
            value = ZERO if medium < ZERO else medium
            bits = c[M1, p]
        elif stage == 2:
            value = np.float32(s) - f[O2, p]
            bits = c[M2, p]
    if not abs(value) <= MOST:
        if not np.isfinite(value):
            bits |= VALUE_IS_NAN
        if abs(value) > MOST:
            bits |= VALUE_OUT_OF_RANGE
    return value, stage, bits


@njit(nogil=True, cache=True, error_model="numpy")
def numba_frames(raw, f, c, data, gain, mask, tile):
    """One frame after the other."""
    cells, trains, _, pixels = raw.shape
    for cell in range(cells):
        for train in range(trains):
            for p in range(pixels):
                value, stage, bits = pixel(raw[cell, train, 0, p], np.float32(raw[cell, train, 1, p]), f[cell], c[cell], p)
                data[cell, train, p] = value
                gain[cell, train, p] = stage
                mask[cell, train, p] = bits


@njit(nogil=True, cache=True, error_model="numpy")
def numba_strips(raw, f, c, data, gain, mask, tile):
    """Strips of pixels whose constants stay in cache while the frames of a tile pass."""
    cells, trains, _, pixels = raw.shape
    for cell in range(cells):
        fc = f[cell]
        cc = c[cell]
        for first in range(0, trains, tile):
            for start in range(0, pixels, STRIP):
                stop = min(start + STRIP, pixels)
                for train in range(first, min(first + tile, trains)):
                    s = raw[cell, train, 0]
                    r = raw[cell, train, 1]
                    d = data[cell, train]
                    g = gain[cell, train]
                    m = mask[cell, train]
                    for p in range(start, stop):
                        value, stage, bits = pixel(s[p], np.float32(r[p]), fc, cc, p)
                        d[p] = value
                        g[p] = stage
                        m[p] = bits


@njit(nogil=True, cache=True, error_model="numpy")
def numba_selects(raw, f, c, data, gain, mask, tile):
    """Strips without branches, for LLVM to vectorise."""
    cells, trains, _, pixels = raw.shape
    for cell in range(cells):
        o0, o1, o2 = f[cell, O0], f[cell, O1], f[cell, O2]
        t0, t1 = f[cell, T0], f[cell, T1]
        m0, m1, m2 = c[cell, M0], c[cell, M1], c[cell, M2]
        for first in range(0, trains, tile):
            for start in range(0, pixels, STRIP):
                stop = min(start + STRIP, pixels)
                for train in range(first, min(first + tile, trains)):
                    signals = raw[cell, train, 0]
                    gains = raw[cell, train, 1]
                    d = data[cell, train]
                    g = gain[cell, train]
                    m = mask[cell, train]
                    for p in range(start, stop):
                        s = np.float32(signals[p])
                        r = np.float32(gains[p])
                        high = s - o0[p]
                        medium = s - o1[p]
                        low = r > t1[p]
                        switched = (low | (r > t0[p])) & ~(high < LIMIT)
                        low = low & switched & ~(medium < LIMIT)
                        clipped = ZERO if medium < ZERO else medium
                        value = (s - o2[p]) if low else (clipped if switched else high)
                        bits = m2[p] if low else (m1[p] if switched else m0[p])
                        size = abs(value)
                        bits |= VALUE_IS_NAN if not size < np.float32(np.inf) else np.uint32(0)
                        bits |= VALUE_OUT_OF_RANGE if size > MOST else np.uint32(0)
                        d[p] = value
                        g[p] = np.uint8(switched) + np.uint8(low)
                        m[p] = bits


def numpy_tiles(raw, f, c, data, gain, mask, tile):
    """Whole tiles at a time; temporaries of a tile, as numpy has it."""
    cells, trains, _, _ = raw.shape
    for cell in range(cells):
        fc, cc = f[cell], c[cell]
        for first in range(0, trains, tile):
            part = slice(first, first + tile)
            s = raw[cell, part, 0].astype(np.float32)
            r = raw[cell, part, 1].astype(np.float32)
            d, g, m = data[cell, part], gain[cell, part], mask[cell, part]
            np.subtract(s, fc[O0], out=d)
            medium = s - fc[O1]
            low = r > fc[T1]
            switched = (low | (r > fc[T0])) & ~(d < LIMIT)
            low &= switched & ~(medium < LIMIT)
            np.add(switched, low, out=g, dtype=np.uint8)
            np.copyto(d, np.where(medium < ZERO, ZERO, medium), where=switched)
            np.copyto(d, s - fc[O2], where=low)
            m[...] = cc[M0]
            np.copyto(m, cc[M1], where=switched)
            np.copyto(m, cc[M2], where=low)
            m |= np.where(np.isfinite(d), np.uint32(0), VALUE_IS_NAN)
            m |= np.where(np.abs(d) > MOST, VALUE_OUT_OF_RANGE, np.uint32(0))


KERNELS = {k.__name__: k for k in (numba_frames, numba_strips, numba_selects, numpy_tiles)}


def load(cells, trains, tile, pixels, path):
    count = cells * 8 * pixels
    constants = np.fromfile(path, np.uint32, count).reshape(cells, 8, pixels)
    raw = np.fromfile(path, np.uint16, offset=4 * count).reshape(cells, trains, 2, pixels)
    shape = cells, trains, pixels
    results = np.ones(shape, np.float32), np.ones(shape, np.uint8), np.ones(shape, np.uint32)
    return raw, constants.view(np.float32), constants, *results, tile


def main():
    arguments = None
    for line in sys.stdin:
        command, *words = line.rstrip("\n").split(" ")
        answer = {}
        if command == "load":
            arguments = None
            arguments = load(*map(int, words[:4]), " ".join(words[4:]))
        elif command == "dump":
            with open(" ".join(words), "wb") as file:
                for plane in arguments[3:6]:
                    plane.tofile(file)
        else:
            kernel = KERNELS[command]
            cpu, start = time.process_time_ns(), time.perf_counter_ns()
            for _ in range(int(words[0])):
                kernel(*arguments)
            answer = {"ns": time.perf_counter_ns() - start, "cpuNs": time.process_time_ns() - cpu}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
