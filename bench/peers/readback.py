"""Reads corrected files as their users do: h5py frame by frame, EXtra-data train by train, sparse lists by numpy.

Reads commands on stdin, answers each with a line of JSON; what is timed says how long its passes took:
    copy <to> <from> <dataset> <level> <shuffle>           the same array as h5py writes it, chunks of one frame
    photons <raw file> <constants>                         makes a DSSC file one of few photons, and the offset of that
    frames <passes> <file> <dataset,dataset,…>             h5py
    trains <passes> <folder> <source> <key>                EXtra-data
    lists <passes> <file> <source>
"""
import json
import sys
import time

import h5py
import numpy as np


def copy(to, source, dataset, level, shuffle):
    with h5py.File(source, "r") as file, h5py.File(to, "w") as new:
        data = file[dataset]
        filters = {} if level == "0" else {"compression": "gzip", "compression_opts": int(level), "shuffle": shuffle == "1"}
        made = new.create_dataset(dataset, data.shape, data.dtype, chunks=(1, *data.shape[1:]), **filters)
        for i in range(len(data)):
            made[i] = data[i]


def photons(raw, constants):
    random = np.random.default_rng(7)
    with h5py.File(raw, "r+") as file:
        [source] = file["INSTRUMENT/SCS_DET_DSSC1M-1/DET"].values()
        data, cells = source["image/data"], int(source["image/cellId"][:].max()) + 1
        for i in range(len(data)):
            lit = random.random(data.shape[1:]) < 0.01
            data[i] = np.where(lit, 41 + random.poisson(1, data.shape[1:]), 40)
    with h5py.File(constants, "w") as file:
        for name, value in (("Offset", 40), ("Noise", 2)):
            constant = file.create_dataset(f"DSSC_0/{name}/0/data", data=np.full((512, 128, cells), value, "f4"))
            constant.attrs["dims"] = ["fast_scan", "slow_scan", "cell"]


def frames(path, datasets):
    with h5py.File(path, "r") as file:
        for name in datasets.split(","):
            data = file[name]
            room = np.empty(data.shape[1:], data.dtype)
            for i in range(len(data)):
                data.read_direct(room, np.s_[i])


def trains(folder, source, key):
    from extra_data import RunDirectory

    for _, data in RunDirectory(folder).select(source, key).trains():
        data[source][key]


def lists(path, source):
    with h5py.File(path, "r") as file:
        group = file["INSTRUMENT"][source]
        np.repeat(np.arange(len(group["sparse/pixels"])), group["sparse/pixels"][:])
        for name in ("pixel/index", "pixel/value", "departure/index", "departure/mask", "departure/gain"):
            group[name][:]
        file["CELLS/mask"][:]


COMMANDS = {"copy": copy, "photons": photons, "frames": frames, "trains": trains, "lists": lists}

for line in sys.stdin:
    command, *words = line.rstrip("\n").split(" ")
    if command in ("copy", "photons"):
        COMMANDS[command](*words)
        print("{}", flush=True)
        continue
    ns, cpu = -time.perf_counter_ns(), -time.process_time_ns()
    for _ in range(int(words[0])):
        COMMANDS[command](*words[1:])
    print(json.dumps({"ns": ns + time.perf_counter_ns(), "cpuNs": cpu + time.process_time_ns()}), flush=True)
