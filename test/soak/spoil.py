"""Ids and counts that are spoilt, one place at a time: which datasets there are, and what is written into them."""
import re
from dataclasses import dataclass

import h5py
import numpy as np

KINDS = ("too large", "negative", "nan", "repeated", "out of order", "zero", "2^53+1", "2^64-1")


@dataclass
class Spoilt:
    """What was written: the dataset's values from now on, and the row that was meant."""

    dataset: str  # as CORR files name it: INDEX/flag, image/pulseId, header/pulseCount; INDEX/image/first
    before: np.ndarray
    after: np.ndarray

    @property
    def row(self):
        return int(np.flatnonzero(~same(self.before, self.after))[0])


def same(a, b):
    """Element by element, whatever the dtypes; NaN is unlike any number."""
    return np.array([x == y for x, y in zip(a.ravel().tolist(), b.ravel().tolist())], bool)


def datasets_of(path):
    """Every dataset of one integer a row: INDEX of trains and sources, ids, lengths, status, counts."""
    found = []

    def visit(name, item):
        whole = isinstance(item, h5py.Dataset) and item.dtype.kind in "iu" and item.ndim > 0 and item.size == len(item)
        if whole and name.startswith(("INDEX/", "INSTRUMENT/")) and not name.endswith("image/data"):
            found.append(name)

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return sorted(found)


def short(dataset):
    """Without the source: what a dataset is called for every module."""
    return re.sub(r"INSTRUMENT/[^:]*:xtdf/", "", re.sub(r"INDEX/[^:]*:xtdf/", "INDEX/", dataset))


def spoil(path, dataset, kind, random):
    """Writes one number of a kind at a random place. None if the file cannot hold such a fault."""
    with h5py.File(path, "r+") as file:
        before = file[dataset][:]
        after = spoilt_values(before, kind, random)
        if after is None:
            return None
        if after.dtype == before.dtype:
            file[dataset][:] = after
        else:
            grows = (None,) + before.shape[1:]
            del file[dataset]
            file.create_dataset(dataset, data=after, maxshape=grows, chunks=True)
        return Spoilt(short(dataset), before, after)


def spoilt_values(before, kind, random):
    """A copy with one number of the kind (two that have changed places, if out of order), as wide as that needs."""
    size, flat = before.itemsize, before.ravel()
    row = random.randrange(len(flat))
    if kind == "repeated" or kind == "out of order":
        pairs = [k for k in range(1, len(flat)) if flat[k] != flat[k - 1]]
        if not pairs:
            return None
        row = random.choice(pairs)
    after = before.copy()
    if kind == "too large":
        after.ravel()[row] = min(int(flat[row]) + 1_000_000, np.iinfo(before.dtype).max)
    elif kind == "negative":
        after = before.astype(f"i{size}")
        after.ravel()[row] = -1
    elif kind == "nan":
        after = before.astype("f8")
        after.ravel()[row] = np.nan
    elif kind == "repeated":
        after.ravel()[row] = flat[row - 1]
    elif kind == "out of order":
        after.ravel()[[row - 1, row]] = flat[[row, row - 1]]
    elif kind == "zero":
        nonzero = np.flatnonzero(flat)
        if len(nonzero) == 0:
            return None
        after.ravel()[random.choice(nonzero.tolist())] = 0
    elif kind == "2^53+1":
        after = before.astype("i8" if before.dtype.kind == "i" else "u8")
        after.ravel()[row] = 2**53 + 1
    else:
        if (flat < 0).any():
            return None
        after = before.astype("u8")
        after.ravel()[row] = 2**64 - 1
    return after
