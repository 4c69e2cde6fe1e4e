#!/usr/bin/env python3
"""Writes files that refer to each other, with h5py (Debian 12: h5py 3.7, HDF5 1.10.8), and what h5py reads of them.

Run in the project's root, from where HDF5 takes names of external storage:
    /usr/bin/python3 test/golden/hdf5/elsewhere/make_elsewhere.py

expected.json has shape, dtype and elements of all that can be read, and which rows nobody wrote; and for `gone/…` what the
message must name, since h5py reads zeros there or nothing.
"""
import json
import os

import h5py
import numpy as np

HERE = "test/golden/hdf5/elsewhere"
UNLIMITED = h5py.h5s.UNLIMITED
READ, GONE = {}, {}


def numbers(shape, dtype="<u2", seed=3):
    return ((np.arange(int(np.prod(shape))) * 7 + seed) % 251).astype(dtype).reshape(shape)


def sources():
    os.makedirs(f"{HERE}/sub", exist_ok=True)
    with h5py.File(f"{HERE}/sub/source.h5", "w") as f:
        f["a"] = numbers((4, 6))
        f["g/ids"] = numbers((4,), "<u8")
        f.create_dataset("g/packed", data=numbers((4, 6)), chunks=(1, 6), compression="gzip", shuffle=True)
        f["long"] = numbers((9, 6), seed=5)
        sparse = f.create_dataset("sparse", (4, 6), "<u2", chunks=(1, 6), fillvalue=11)
        sparse[1:3] = numbers((2, 6))
        f["name"] = [b"fixed", b"text"]
    # A virtual dataset beside it, whose sources are taken from its own folder.
    with h5py.File(f"{HERE}/sub/second.h5", "w") as f:
        v = h5py.VirtualLayout((4, 6), "<u2")
        v[:] = h5py.VirtualSource("source.h5", "a", (4, 6))
        f.create_virtual_dataset("v", v)
        f["linked"] = h5py.ExternalLink("source.h5", "/a")
    for i in range(3):
        with h5py.File(f"{HERE}/sub/part_{i}.h5", "w") as f:
            f["a"] = numbers((2, 6), seed=20 * i)
    with h5py.File(f"{HERE}/sub/100%.h5", "w") as f:
        f["a"] = numbers((4, 6), seed=9)
    numbers((4, 6)).tofile(f"{HERE}/sub/rows.bin")
    numbers((2, 6), seed=8).tofile(f"{HERE}/sub/more.bin")


def virtual(file, name, shape, mappings, fill=None, dtype="<u2"):
    v = h5py.VirtualLayout(shape, dtype)
    for where, (source, dataset, size, what) in mappings:
        whole = h5py.VirtualSource(source, dataset, size)
        v[where] = whole if what is None else whole[what]
    file.create_virtual_dataset(name, v, fillvalue=fill)


def unlimited(file, name, shape, maxshape, target, source, dataset, space):
    """A virtual dataset without end along its first axis. `target`: start, count, stride, block."""
    dcpl = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    vspace = h5py.h5s.create_simple(shape, maxshape)
    vspace.select_hyperslab(*target)
    dcpl.set_virtual(vspace, source.encode(), dataset.encode(), space)
    everything = h5py.h5s.create_simple(shape, maxshape)
    h5py.h5d.create(file.id, name.encode(), h5py.h5t.STD_U16LE, everything, dcpl)


def readable(file):
    whole = slice(None)
    rows = [np.s_[0:2], np.s_[2:4]]
    virtual(file, "few/plain", (4, 6), [(whole, ("sub/source.h5", "a", (4, 6), None))])
    virtual(file, "few/packed", (4, 6), [(whole, ("sub/source.h5", "g/packed", (4, 6), None))])
    virtual(file, "few/two", (4, 6), [(rows[0], ("sub/part_0.h5", "a", (2, 6), None)), (rows[1], ("sub/part_2.h5", "a", (2, 6), None))])
    virtual(file, "few/turns", (4, 6), [(np.s_[0::2], ("sub/part_0.h5", "a", (2, 6), None)), (np.s_[1::2], ("sub/part_1.h5", "a", (2, 6), None))])
    virtual(file, "few/every_second", (5, 6), [(whole, ("sub/source.h5", "long", (9, 6), np.s_[0::2]))])
    virtual(file, "few/columns", (4, 3), [(whole, ("sub/source.h5", "a", (4, 6), np.s_[:, 1::2]))])
    virtual(file, "few/deeper", (2, 4, 6), [(np.s_[0], ("sub/source.h5", "a", (4, 6), None)), (np.s_[1], ("sub/second.h5", "v", (4, 6), None))])
    virtual(file, "more/flatter", (6,), [(whole, ("sub/source.h5", "a", (4, 6), np.s_[2]))])
    virtual(file, "more/nested", (4, 6), [(whole, ("sub/second.h5", "v", (4, 6), None))])
    virtual(file, "more/through_link", (4, 6), [(whole, ("sub/second.h5", "linked", (4, 6), None))])
    virtual(file, "more/hole", (6, 6), [(np.s_[1:5], ("sub/source.h5", "a", (4, 6), None))], fill=9)
    virtual(file, "more/sparse", (4, 6), [(whole, ("sub/source.h5", "sparse", (4, 6), None))], fill=7)
    virtual(file, "more/percent", (4, 6), [(whole, ("sub/100%%.h5", "a", (4, 6), None))])
    file["last/own"] = numbers((4, 6), seed=1)
    virtual(file, "last/itself", (4, 6), [(whole, (".", "last/own", (4, 6), None))])
    source = h5py.h5s.create_simple((2, 6))
    unlimited(file, "last/numbered", (6, 6), (UNLIMITED, 6), ((0, 0), (UNLIMITED, 1), (2, 1), (2, 6)), "sub/part_%b.h5", "a", source)
    # Says less than there is.
    unlimited(file, "last/numbered_more", (2, 6), (UNLIMITED, 6), ((0, 0), (UNLIMITED, 1), (2, 1), (2, 6)), "sub/part_%b.h5", "a", source)
    space = h5py.h5s.create_simple((9, 6), (UNLIMITED, 6))
    space.select_hyperslab((1, 0), (1, 1), (1, 1), (UNLIMITED, 6))
    unlimited(file, "last/endless", (2, 6), (UNLIMITED, 6), ((0, 0), (1, 1), (1, 1), (UNLIMITED, 6)), "sub/source.h5", "long", space)
    file["links/dataset"] = h5py.ExternalLink("sub/source.h5", "/g/ids")
    file["links/group"] = h5py.ExternalLink("sub/source.h5", "/g")
    file["links/virtual"] = h5py.ExternalLink("sub/second.h5", "/v")
    file["links/soft"] = h5py.SoftLink("/links/group/ids")
    file.create_dataset("outside/rows", (4, 6), "<u2", external=[(f"{HERE}/sub/rows.bin", 0, UNLIMITED)])
    file.create_dataset("outside/two", (4, 6), "<u2", external=[(f"{HERE}/sub/rows.bin", 24, 24), (f"{HERE}/sub/more.bin", 0, 24)])


def unreadable(file):
    whole = slice(None)

    def gone(name, *words):
        # No group of more than eight members: newer groups then store links in another way, see crowded().
        path = f"gone{len(GONE) // 7}/{name}"
        GONE[path] = list(words)
        return path

    virtual(file, gone("file", "virtual dataset", "sub/no.h5"), (4, 6), [(whole, ("sub/no.h5", "a", (4, 6), None))])
    virtual(file, gone("absolute", "virtual dataset", "/no/such/folder/no.h5"), (4, 6), [(whole, ("/no/such/folder/no.h5", "a", (4, 6), None))])
    half = [(np.s_[0:2], ("sub/part_0.h5", "a", (2, 6), None)), (np.s_[2:4], ("sub/part_9.h5", "a", (2, 6), None))]
    virtual(file, gone("half", "virtual dataset", "sub/part_9.h5"), (4, 6), half, fill=3)
    virtual(file, gone("dataset", "virtual dataset", "nothing", "sub/source.h5"), (4, 6), [(whole, ("sub/source.h5", "nothing", (4, 6), None))])
    virtual(file, gone("small", "virtual dataset", "sub/source.h5", "4, 6"), (8, 6), [(whole, ("sub/source.h5", "a", (8, 6), None))])
    virtual(file, gone("circle", "virtual dataset", "refers back"), (4, 6), [(whole, (".", "gone0/circle", (4, 6), None))])
    source = h5py.h5s.create_simple((2, 6))
    unlimited(file, gone("numbered", "virtual dataset", "sub/part_3.h5"), (8, 6), (UNLIMITED, 6), ((0, 0), (UNLIMITED, 1), (2, 1), (2, 6)), "sub/part_%b.h5", "a", source)
    file[gone("link", "external link", "sub/no.h5")] = h5py.ExternalLink("sub/no.h5", "/a")
    file[gone("object", "external link", "nothing", "sub/source.h5")] = h5py.ExternalLink("sub/source.h5", "/nothing")
    file.create_dataset(gone("outside", "external storage", "no.bin"), (4, 6), "<u2", external=[(f"{HERE}/sub/no.bin", 0, UNLIMITED)])
    file.create_dataset(gone("short", "external storage", "rows.bin", "48"), (9, 6), "<u2", external=[(f"{HERE}/sub/rows.bin", 0, UNLIMITED)])


def note(file, name, not_written=()):
    data = file[name]
    # HDF5 does not tell which are not written.
    dtype = data.dtype.kind + str(data.dtype.itemsize)
    READ[name] = {"shape": list(data.shape), "dtype": dtype, "elements": data[()].ravel().tolist(), "notWritten": list(not_written)}


def crowded(file):
    """A group of many members in the new format, which the direct reader leaves to the library."""
    for i in range(10):
        file[f"own{i}"] = numbers((4, 6), seed=i)
    virtual(file, "there", (4, 6), [(slice(None), ("sub/source.h5", "a", (4, 6), None))])
    virtual(file, "gone", (4, 6), [(slice(None), ("sub/no.h5", "a", (4, 6), None))])
    file["link"] = h5py.ExternalLink("sub/source.h5", "/a")
    file["broken"] = h5py.ExternalLink("sub/no.h5", "/g")


sources()
with h5py.File(f"{HERE}/crowded.h5", "w", libver="latest") as file:
    crowded(file)
for libver in ("earliest", "latest"):
    with h5py.File(f"{HERE}/{libver}.h5", "w", libver=libver) as file:
        readable(file)
    GONE.clear()
    with h5py.File(f"{HERE}/gone_{libver}.h5", "w", libver=libver) as file:
        unreadable(file)
with h5py.File(f"{HERE}/earliest.h5") as file:
    for name in (
        "few/plain few/packed few/two few/turns few/every_second few/columns few/deeper more/flatter "
        "more/nested more/through_link more/percent last/own last/itself last/numbered last/numbered_more "
        "last/endless links/dataset links/group/ids links/virtual links/soft outside/rows outside/two "
    ).split():
        note(file, name)
    note(file, "more/hole", (0, 5))
    note(file, "more/sparse", (0, 3))
with open(f"{HERE}/expected.json", "w") as out:
    json.dump({"read": READ, "gone": GONE}, out, indent=0)
    out.write("\n")
