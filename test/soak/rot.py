"""Single bytes that are spoilt: which of a file's bytes are meant, and what dataset they belong to."""
import os
from dataclasses import dataclass

import h5py

# Values that CORR files hold as they are, or that no structure can vouch for.
BULK = ("image/data", "detector/data")


@dataclass
class Rot:
    """One byte that has another value now, and the dataset whose values it is part of."""

    address: int
    old: int
    new: int
    dataset: str

    def __str__(self):
        return f"byte {self.address} {self.old} -> {self.new}" + (f", {self.dataset}" if self.dataset else "")


def anywhere(path):
    return [(0, os.path.getsize(path), None)]


def values(path):
    """Where an HDF5 file stores the values of its small datasets: begin, end, dataset."""
    return [span for span in _stored(path) if not span[2].endswith(BULK)]


def structure(path):
    """Where an HDF5 file stores what is no dataset's values: headers, links, chunk indices, strings."""
    stored = _stored(path)
    ends = [0] + [end for _, end, _ in stored]
    begins = [begin for begin, _, _ in stored] + [os.path.getsize(path)]
    return [(end, begin, None) for end, begin in zip(ends, begins) if end < begin]


def _stored(path):
    spans = []

    def visit(name, item):
        if not isinstance(item, h5py.Dataset):
            return
        if item.chunks is None and item.id.get_offset() is not None:
            spans.append((item.id.get_offset(), item.id.get_offset() + item.id.get_storage_size(), name))
        for k in range(item.id.get_num_chunks() if item.chunks else 0):
            chunk = item.id.get_chunk_info(k)
            spans.append((chunk.byte_offset, chunk.byte_offset + chunk.size, name))

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return sorted(spans)


def rot(path, spans, random, rarely_zero=False):
    """Gives one byte of the spans another value; `rarely_zero` mostly spares empty room, of which small files are full."""
    with open(path, "r+b") as file:
        while True:
            address, dataset = _place(spans, random)
            file.seek(address)
            old = file.read(1)[0]
            if old != 0 or not rarely_zero or random.random() < 0.1:
                break
        new = random.choice([value for value in range(256) if value != old])
        file.seek(address)
        file.write(bytes([new]))
    return Rot(address, old, new, dataset)


def _place(spans, random):
    index = random.randrange(sum(end - begin for begin, end, _ in spans))
    for begin, end, dataset in spans:
        if index < end - begin:
            return begin + index, dataset
        index -= end - begin
    raise AssertionError("there is no such byte")
