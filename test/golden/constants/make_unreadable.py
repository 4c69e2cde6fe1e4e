"""Writes constants of AGIPD with h5py that h5py opens and a correction may be unable to read.

    python3 make_unreadable.py        # h5py 3.7, numpy 1.24
"""
import gzip
from pathlib import Path

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t, h5z

here = Path(__file__).parent
SHAPE, CHUNK = (128, 512, 1, 3), (64, 512, 1, 3)
DIMS = ["fast_scan", "slow_scan", "cell", "gain"]
BITSHUFFLE = 32008
values = np.arange(128 * 512 * 3, dtype="f4").reshape(SHAPE) % 61


def put(name, calibration, make):
    path = here / name
    with h5py.File(path, "w") as f:
        make(f, f"P/{calibration}/0/data")
        f[f"P/{calibration}/0/data"].attrs["dims"] = DIMS
    (here / f"{name}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
    path.unlink()


def stored(data, **options):
    return lambda f, path: f.create_dataset(path, data=data, **options)


def foreign(f, path):
    """Chunks of a filter that neither this h5py nor detcal has."""
    create, links = h5p.create(h5p.DATASET_CREATE), h5p.create(h5p.LINK_CREATE)
    links.set_create_intermediate_group(True)
    create.set_chunk(CHUNK)
    create.set_filter(BITSHUFFLE, h5z.FLAG_OPTIONAL, (0, 0))
    dataset = h5d.create(f.id, path.encode(), h5t.IEEE_F32LE, h5s.create_simple(SHAPE), create, links)
    for first in 0, 64:
        dataset.write_direct_chunk((first, 0, 0, 0), values[first : first + 64].tobytes(), 0)


def damaged(f, path):
    """The second of two chunks is no deflate stream."""
    dataset = f.create_dataset(path, data=values, chunks=CHUNK, compression="gzip")
    dataset.id.write_direct_chunk((64, 0, 0, 0), b"this was a chunk once", 0)


put("big-endian.h5", "Offset", stored(values.astype(">f8")))
put("half.h5", "Offset", stored(values.astype("f2")))
put("boolean.h5", "BadPixelsDark", stored(values == 7))
put("complex.h5", "Offset", stored(values.astype("c8")))
put("lzf.h5", "Offset", stored(values, chunks=CHUNK, compression="lzf"))
put("foreign-filter.h5", "Offset", foreign)
put("damaged-chunk.h5", "Offset", damaged)
