"""HDF5 as Python does it: a peer of detcal's direct reading and writing.

Reads commands on stdin, answers each with a line of JSON that says how long its passes took:
    read <passes> <frames a batch> <dataset> <file>
    load <frames> <pixels> <file>                        data, gain and mask for what follows
    write <passes> <file>
    deflate <passes>
    constants <passes> <file> <pdu>                      into [cell][gain][slow scan][fast scan]
"""
import json
import os
import sys
import time
import zlib

import h5py
import numpy as np

SHAPE = 512, 128
PLANES = {}


def read(batch, dataset, path):
    with h5py.File(path, "r") as file:
        data = file[dataset]
        room = np.empty((batch, *data.shape[1:]), data.dtype)
        for first in range(0, data.shape[0], batch):
            count = min(batch, data.shape[0] - first)
            data.read_direct(room, np.s_[first:first + count], np.s_[:count])


def load(frames, pixels, path):
    count = frames * pixels
    bytes_at = 0
    for name, dtype in (("data", np.float32), ("gain", np.uint8), ("mask", np.uint32)):
        PLANES[name] = np.fromfile(path, dtype, count, offset=bytes_at).reshape(frames, *SHAPE)
        bytes_at += PLANES[name].nbytes


def write(path):
    with h5py.File(path, "w", libver="latest") as file:
        for name, plane in PLANES.items():
            gzip = {} if name == "data" else {"compression": "gzip", "compression_opts": 1}
            dataset = file.create_dataset(f"image/{name}", plane.shape, plane.dtype, chunks=(1, *SHAPE), **gzip)
            for frame in range(len(plane)):
                dataset[frame] = plane[frame]


def deflate():
    size = 0
    for name in ("gain", "mask"):
        for plane in PLANES[name]:
            size += len(zlib.compress(plane, 1))
    return size


def constants(path, pdu):
    with h5py.File(path, "r") as file:
        for name in ("Offset", "ThresholdsDark", "BadPixelsDark"):
            # On disk [fast scan][slow scan][cell][gain].
            np.ascontiguousarray(file[f"{pdu}/{name}/0/data"][()].transpose(2, 3, 1, 0))


def main():
    for line in sys.stdin:
        command, *words = line.rstrip("\n").split(" ")
        answer = {}
        if command == "load":
            load(int(words[0]), int(words[1]), words[2])
            print("{}", flush=True)
            continue
        ns = cpu = 0
        for _ in range(int(words[0])):
            cpu -= time.process_time_ns()
            ns -= time.perf_counter_ns()
            if command == "read":
                read(int(words[1]), words[2], words[3])
            elif command == "write":
                write(words[1])
            elif command == "deflate":
                answer["size"] = deflate()
            elif command == "constants":
                constants(words[1], words[2])
            ns += time.perf_counter_ns()
            cpu += time.process_time_ns()
            if command == "write":
                os.remove(words[1])
        print(json.dumps({**answer, "ns": ns, "cpuNs": cpu}), flush=True)


if __name__ == "__main__":
    main()
