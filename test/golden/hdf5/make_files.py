#!/usr/bin/env python3
"""Writes the HDF5 files that the direct reader is tested on, with h5py (Debian 12: h5py 3.7, HDF5 1.10.8).

Run in this folder:  python3 make_files.py

The element with row-major number n of a dataset is (n * 7 + 3) mod 251 in every type, except where it was never
written: there it is the fill value (0 or as in files.json). files.json lists all datasets with shape, dtype, and the
box that was written, so that no test needs h5py.
"""
import json
import zlib

import h5py
import numpy as np

LISTING = {}


def values(shape, dtype):
    count = int(np.prod(shape, dtype=np.int64))
    return ((np.arange(count, dtype=np.int64) * 7 + 3) % 251).astype(dtype).reshape(shape)


def add(file, name, shape, dtype, *, written=None, fill=0, layout=None, index=None, supported=True, **options):
    """A dataset of which `written` (slices; default all) is written, and its entry in the listing."""
    if fill:
        options["fillvalue"] = fill
    dataset = file.create_dataset(name, shape, dtype, **options)
    where = written if written is not None else tuple(slice(0, n) for n in shape)
    if written is None or any(s.stop > s.start for s in written):
        dataset[where] = values(shape, dtype)[where]
    note(file, dataset, where, fill, supported)


def note(file, dataset, where, fill=0, supported=True):
    LISTING.setdefault(file.filename, {})[dataset.name[1:]] = {
        "shape": list(dataset.shape),
        "maxShape": list(dataset.maxshape),
        "dtype": dataset.dtype.kind + str(dataset.dtype.itemsize),
        "written": [[s.start, s.stop] for s in where],
        "fill": fill,
        "supported": supported,
    }


def low_level(file, name, shape, dtype, prepare, *, written=None, maxshape=None, fill=0, supported=True):
    """A dataset whose creation properties h5py's own interface does not offer."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    prepare(plist)
    space = h5py.h5s.create_simple(shape, maxshape or shape)
    dataset = h5py.Dataset(h5py.h5d.create(file.id, name.encode(), h5py.h5t.py_create(np.dtype(dtype)), space, plist))
    where = written if written is not None else tuple(slice(0, n) for n in shape)
    dataset[where] = values(shape, dtype)[where]
    note(file, dataset, where, fill, supported)


def compact(plist):
    plist.set_layout(h5py.h5d.COMPACT)


def skipped(file, name):
    """Chunks that a writer stored without one filter, or both: bit i of their mask skips filter i."""
    dataset = file.create_dataset(name, (9, 8), "<u2", chunks=(3, 8), shuffle=True, compression="gzip")
    content = values((9, 8), "<u2")
    shuffled = content[3:6].tobytes()[::2] + content[3:6].tobytes()[1::2]
    dataset.id.write_direct_chunk((0, 0), content[0:3].tobytes(), 0b11)
    dataset.id.write_direct_chunk((3, 0), shuffled, 0b10)
    dataset.id.write_direct_chunk((6, 0), zlib.compress(content[6:9].tobytes()), 0b01)
    note(file, dataset, (slice(0, 9), slice(0, 8)))


def shrink(file, name, shape, to, maxshape):
    """A dataset that was larger once."""
    dataset = file.create_dataset(name, shape, "<u2", chunks=(2, 3), maxshape=maxshape)
    dataset[...] = 1
    dataset.resize(to)
    dataset[...] = values(to, "<u2")
    note(file, dataset, tuple(slice(0, n) for n in to))


def implicit(plist):
    plist.set_chunk((2, 3))
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)


def everything(file, latest):
    # No group of more than eight members: newer groups then store links in another way, see crowd().
    for dtype in ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]:
        add(file, f"integers/{dtype}", (3, 4), f"<{dtype}")
    add(file, "floats/f4", (3, 4), "<f4")
    add(file, "floats/f8", (3, 4), "<f8")
    add(file, "floats/scalar", (), "<f8")
    add(file, "floats/half", (3, 4), "<f2", supported=False)
    add(file, "floats/big", (3, 4), ">f4", supported=False)
    add(file, "simple/plain", (5, 4, 6), "<u2")
    add(file, "simple/empty", (0, 4), "<f4", chunks=(1, 4), maxshape=(None, 4))
    add(file, "simple/never", (3, 5), "<i4", written=(slice(0, 0), slice(0, 0)), fill=-7)
    low_level(file, "simple/compact", (4, 5), "<u4", compact)
    low_level(file, "simple/early", (5, 7), "<u2", implicit)
    low_level(file, "simple/early_room", (5, 7), "<u2", implicit, maxshape=(9, 20))
    # SPB_DET_AGIPD1M-1/DET/0CH0:xtdf is one source: three groups.
    source = "INSTRUMENT/SPB_DET_AGIPD1M-1/DET/0CH0:xtdf/image"
    add(file, f"{source}/data", (7, 2, 6, 5), "<u2", chunks=(1, 2, 6, 5))
    add(file, f"{source}/many", (11, 6, 5), "<f4", chunks=(4, 6, 5))
    file[f"{source}/relative"] = h5py.SoftLink("data")
    file["links/soft"] = h5py.SoftLink(f"/{source}/data")
    file["links/root"] = h5py.SoftLink("/INSTRUMENT")
    file["links/loop"] = h5py.SoftLink("/links/loop")
    file["links/broken"] = h5py.SoftLink("/nowhere/data")
    file["links/elsewhere"] = h5py.ExternalLink("other.h5", "/data")
    listing = LISTING[file.filename]
    listing[f"{source}/relative"] = listing["links/soft"] = listing[f"{source}/data"]
    listing["links/root" + source.removeprefix("INSTRUMENT") + "/many"] = listing[f"{source}/many"]
    # Edges, sparse chunks, fill values, filters.
    sparse = (slice(3, 6), slice(2, 7))
    add(file, "chunks/edge", (7, 8), "<i2", chunks=(3, 5))
    add(file, "chunks/sparse", (9, 8), "<i2", chunks=(3, 3), written=sparse, fill=9)
    add(file, "chunks/sparse_gzip", (9, 8), "<i2", chunks=(3, 3), written=sparse, fill=9, compression="gzip")
    add(file, "chunks/one", (4, 5), "<u2", chunks=(4, 5))
    add(file, "chunks/one_gzip", (4, 5), "<u2", chunks=(4, 5), compression="gzip")
    add(file, "filters/gzip", (13, 20), "<u4", chunks=(4, 8), compression="gzip", compression_opts=1)
    add(file, "filters/shuffle", (13, 20), "<u4", chunks=(4, 8), shuffle=True)
    add(file, "filters/both", (13, 20), "<f8", chunks=(4, 8), shuffle=True, compression="gzip")
    add(file, "filters/fletcher", (13, 21), "<u1", chunks=(5, 7), fletcher32=True)
    add(file, "filters/fletcher_long", (3000,), "<u2", chunks=(1500,), fletcher32=True)
    skipped(file, "filters/skipped")
    add(file, "filters/all", (13, 20), "<u2", chunks=(4, 8), fletcher32=True, shuffle=True, compression="gzip")
    add(file, "filters/lzf", (13, 20), "<u2", chunks=(4, 8), compression="lzf")
    # Indices of growing datasets: extensible arrays along any dimension in the new format.
    add(file, "grow/first", (150, 3), "<u2", chunks=(1, 3), maxshape=(None, 3))
    add(file, "grow/second", (5, 90), "<u2", chunks=(2, 1), maxshape=(6, None))
    add(file, "grow/gzip", (70, 3), "<u2", chunks=(1, 3), maxshape=(None, 3), compression="gzip")
    shrink(file, "grow/shrunk", (9, 8), (5, 8), (None, 8))
    shrink(file, "grow/shrunk_room", (9, 8), (5, 3), (20, 8))
    add(file, "grow/room", (5, 7), "<u2", chunks=(2, 2), maxshape=(9, 20))
    add(file, "grow/both", (9, 8), "<u2", chunks=(2, 2), maxshape=(None, None), supported=not latest)


def many(file):
    """More chunks than one page, or two levels of a B-tree, hold; few of them written."""
    add(file, "fixed", (3000,), "<u1", chunks=(1,), written=(slice(1030, 1050),), fill=5)
    add(file, "fixed_gzip", (2500,), "<u1", chunks=(1,), written=(slice(2040, 2060),), compression="gzip")
    add(file, "growing", (140000,), "<u1", chunks=(1,), maxshape=(None,), written=(slice(135000, 135020),))
    add(file, "growing_gzip", (700,), "<u1", chunks=(1,), maxshape=(None,), written=(slice(300, 420),), compression="gzip")


def write(name, fill, **options):
    with h5py.File(name, "w", **options) as file:
        fill(file)


write("earliest.h5", lambda file: everything(file, False), libver="earliest")
write("latest.h5", lambda file: everything(file, True), libver="latest")
write("many_earliest.h5", many, libver="earliest")
write("many_latest.h5", many, libver="latest")
write("userblock.h5", lambda file: add(file, "a/b", (5, 6), "<u2", chunks=(2, 6), compression="gzip"), userblock_size=1024)
write("userblock_latest.h5", lambda file: add(file, "a/b", (5, 6), "<u2", chunks=(2, 6)), userblock_size=512, libver="latest")


def crowd(file):
    """A group of many members: several symbol tables, or dense links, which the direct reader leaves to the library."""
    add(file, "data", (4,), "<u2", supported=file.libver[0] == "earliest")
    for i in range(300):
        file[f"link{i:03d}"] = h5py.SoftLink("data")
    listing = LISTING[file.filename]
    listing["link000"] = listing["link123"] = listing["link299"] = listing["data"]


write("crowd_earliest.h5", crowd, libver="earliest")
write("crowd_latest.h5", crowd, libver="latest")


def strings(file):
    """Texts of every kind; none is listed, since the direct reader of slabs knows none."""
    utf8, ascii_ = h5py.string_dtype(), h5py.string_dtype("ascii")
    file.create_dataset("text/utf8", data=["INSTRUMENT/SPB/image", "", "µm Ångström", "x" * 5000], dtype=utf8)
    file.create_dataset("text/ascii", data=["CONTROL/A", "b  "], dtype=ascii_)
    file.create_dataset("text/alone", data="1.2", dtype=utf8)
    file.create_dataset("text/fixed", data=np.array([b"20260131T120000Z", b"", b"ab"], "S20"))
    file.create_dataset("text/fixed_utf8", data=np.array(["é".encode(), b"plain"], h5py.string_dtype("utf-8", 8)), dtype=h5py.string_dtype("utf-8", 8))
    file.create_dataset("more/many", data=[f"source {i}" for i in range(3000)], dtype=utf8, chunks=(64,), maxshape=(None,), compression="gzip")
    never = file.create_dataset("more/never", (3,), dtype=utf8, chunks=(2,), maxshape=(None,))
    never[1] = "written"
    file.create_dataset("more/none", (0,), dtype=utf8, maxshape=(None,), chunks=(4,))
    file.create_dataset("more/big_endian", data=np.arange(3, dtype=">u4"))
    file.create_dataset("more/flag", data=np.array([True, False]))


write("strings_earliest.h5", strings, libver="earliest")
write("strings_latest.h5", strings, libver="latest")

with open("files.json", "w") as listing:
    lines = [f"{json.dumps([name, path])[1:-1]}, {json.dumps(note)}" for name, notes in LISTING.items() for path, note in notes.items()]
    listing.write("[\n[" + "],\n[".join(lines) + "]\n]\n")
