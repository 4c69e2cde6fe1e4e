"""A run corrected the way a careful engineer does it in Python: h5py, numba, zlib, direct chunk writes.

With threads, one module after the other: numba and zlib use all workers, since both run without the interpreter's
lock, h5py one. With processes, one each module, as many at once as there are workers; workers that are left deflate in
threads. Kernels come from numba's cache.

    batch.py threads|processes --workers N [--sync] OUT RAW CONSTANTS [RAW CONSTANTS ..]
"""
import argparse
import multiprocessing
import os
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor

# Numba's cache does not tell a parallel kernel from a serial one, and a parallel one hangs after a fork.
if "NUMBA_CACHE_DIR" in os.environ and len(sys.argv) > 1:
    os.environ["NUMBA_CACHE_DIR"] = os.path.join(os.environ["NUMBA_CACHE_DIR"], sys.argv[1])

import h5py
import numpy as np
from numba import njit, prange, set_num_threads

BATCH = 64
KERNEL = None
LIMIT = np.float32(1000)
ZERO = np.float32(0)
MOST = np.float32(1e7)
INFINITE = np.float32(np.inf)
VALUE_IS_NAN = np.uint32(1 << 11)
VALUE_OUT_OF_RANGE = np.uint32(1 << 12)


def correct_frames(raw, cells, offset, threshold, bad, data, gain, mask):
    """Without branches, for LLVM to vectorise. Constants are [cell][stage][pixel], frames [frame][plane][pixel]."""
    frames, _, pixels = raw.shape
    for frame in prange(frames):
        cell = cells[frame]
        signals, gains = raw[frame, 0], raw[frame, 1]
        o0, o1, o2 = offset[cell, 0], offset[cell, 1], offset[cell, 2]
        t0, t1 = threshold[cell, 0], threshold[cell, 1]
        m0, m1, m2 = bad[cell, 0], bad[cell, 1], bad[cell, 2]
        d, g, m = data[frame], gain[frame], mask[frame]
        for p in range(pixels):
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
            bits |= VALUE_IS_NAN if not size < INFINITE else np.uint32(0)
            bits |= VALUE_OUT_OF_RANGE if size > MOST else np.uint32(0)
            d[p] = value
            g[p] = np.uint8(switched) + np.uint8(low)
            m[p] = bits


SIGNATURE = "(u2[:,:,::1], u2[::1], f4[:,:,::1], f4[:,:,::1], u4[:,:,::1], f4[:,::1], u1[:,::1], u4[:,::1])"


def compile_kernel(parallel):
    return njit(SIGNATURE, nogil=True, cache=True, error_model="numpy", parallel=parallel)(correct_frames)


def load(path, cells):
    """Offset, thresholds and bad pixels as [cell][stage][pixel], from CalCat's [fast scan][slow scan][cell][stage]."""
    with h5py.File(path, "r") as file:
        (group,) = file.values()

        def planes(name, count):
            stored = group[name]["0/data"][()][:, :, :cells, :count]
            return np.ascontiguousarray(stored.transpose(2, 3, 1, 0)).reshape(cells, count, -1)

        offset = planes("Offset", 3).astype(np.float32, copy=False)
        threshold = planes("ThresholdsDark", 2).astype(np.float32, copy=False)
        bad = planes("BadPixelsDark", 3).astype(np.uint32, copy=False)
    never = threshold[:, 1] <= np.float32(1.05) * threshold[:, 0]
    threshold[:, 1][never] = 65535
    return offset, threshold, bad


def deflate(plane):
    return zlib.compress(plane, 1)


def correct_module(task):
    out, raw_path, constants_path, threads, sync = task
    with h5py.File(raw_path, "r") as raw_file, h5py.File(out, "w", libver=("earliest", "v110")) as file, ThreadPoolExecutor(
        threads
    ) as pool:
        (detector,) = raw_file["INSTRUMENT"].values()
        (image,) = (module["image"] for module in detector["DET"].values())
        raw = image["data"]
        frames, _, *shape = raw.shape
        cells = image["cellId"][()].reshape(-1)
        offset, threshold, bad = load(constants_path, int(cells.max()) + 1)

        group = file.create_group("INSTRUMENT/corrected/image")
        options = {"shape": (frames, *shape), "chunks": (1, *shape)}
        gzip = {"compression": "gzip", "compression_opts": 1}
        datasets = (
            group.create_dataset("data", dtype=np.float32, **options),
            group.create_dataset("gain", dtype=np.uint8, **options, **gzip),
            group.create_dataset("mask", dtype=np.uint32, **options, **gzip),
        )
        for name in ("trainId", "pulseId", "cellId"):
            group[name] = image[name][()].reshape(-1)

        room = np.empty((BATCH, 2, *shape), np.uint16)
        pixels = shape[0] * shape[1]
        data, gain, mask = (np.empty((BATCH, pixels), d.dtype) for d in datasets)
        for first in range(0, frames, BATCH):
            count = min(BATCH, frames - first)
            raw.read_direct(room, np.s_[first : first + count], np.s_[:count])
            KERNEL(
                room[:count].reshape(count, 2, pixels), cells[first : first + count],
                offset, threshold, bad, data[:count], gain[:count], mask[:count],
            )
            streams = [map(memoryview, data[:count])]
            if threads > 1:
                streams += [pool.map(deflate, plane[:count]) for plane in (gain, mask)]
            else:
                streams += [map(deflate, plane[:count]) for plane in (gain, mask)]
            for dataset, chunks in zip(datasets, streams):
                for i, chunk in enumerate(chunks):
                    dataset.id.write_direct_chunk((first + i, 0, 0), chunk)
    if sync:
        descriptor = os.open(out, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=("threads", "processes"))
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--sync", action="store_true")
    parser.add_argument("out")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    modules = len(args.files) // 2
    processes = 1 if args.way == "threads" else min(args.workers, modules)
    threads = max(1, args.workers // processes)
    # Compiled before the fork, so that all processes share it.
    global KERNEL
    KERNEL = compile_kernel(args.way == "threads")
    tasks = [
        (os.path.join(args.out, f"module{i}.h5"), args.files[2 * i], args.files[2 * i + 1], threads, args.sync)
        for i in range(modules)
    ]
    if processes == 1:
        set_num_threads(threads)
        for task in tasks:
            correct_module(task)
        return
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        pool.map(correct_module, tasks, chunksize=1)


if __name__ == "__main__":
    main()
