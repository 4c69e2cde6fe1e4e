"""Reads what write-chunks.test.ts wrote, with h5py. Argument: the file. Prints JSON."""
import json
import sys

import h5py
import numpy as np

found = {}
with h5py.File(sys.argv[1], "r") as file:

    def visit(name, item):
        if not isinstance(item, h5py.Dataset):
            return
        values = item[...]
        found[name] = {
            "shape": list(item.shape),
            "maxShape": list(item.maxshape),
            "chunks": list(item.chunks),
            "dtype": item.dtype.str,
            "compression": item.compression,
            "level": item.compression_opts,
            "stored": item.id.get_num_chunks(),
            "first": values.tobytes()[:8].hex(),
            # Sum of the bytes weighted by their place modulo 2^32: any byte that is wrong or elsewhere shows.
            "sum": int((np.frombuffer(values.tobytes(), np.uint8).astype(np.uint64) * (np.arange(values.nbytes, dtype=np.uint64) + 1)).sum() % 2**32),
        }

    file.visititems(visit)
json.dump(found, sys.stdout)
