"""What EXtra-data itself says of runs: `run-numbers.py make FOLDER` writes its mock runs.

`read FOLDER..` describes runs, `check FOLDER..` tells their problems alone: some runs it refuses to open.
"""
import json
import os
import sys

from extra_data import RunDirectory
from extra_data.reader import FileAccess
from extra_data.tests import make_examples
from extra_data.validation import FileValidator


def make(folder):
    for version in ("0.5", "1.0", "1.2"):
        for name, write in (("spb", make_examples.make_spb_run), ("reduced", make_examples.make_reduced_spb_run)):
            path = os.path.join(folder, f"{name}-{version}")
            os.mkdir(path)
            write(path, format_version=version)


def problems(path):
    found = []
    for name in sorted(os.listdir(path)):
        if name.endswith(".h5"):
            for problem in FileValidator(FileAccess(os.path.join(path, name))).run_checks():
                found.append([name, problem["dataset"], problem["msg"]])
    return found


def read(path):
    run = RunDirectory(path)
    modules = {}
    for source in sorted(run.instrument_sources):
        if "/DET/" in source:
            counts = run.get_data_counts(source, "image.data")
            module = source.split("/")[-1].split("CH")[0]
            modules[module] = {str(train): int(count) for train, count in counts.items()}
    return {"trainIds": [int(t) for t in run.train_ids], "modules": modules, "problems": problems(path)}


if sys.argv[1] == "make":
    make(sys.argv[2])
elif sys.argv[1] == "read":
    print(json.dumps({path: read(path) for path in sys.argv[2:]}))
else:
    print(json.dumps({path: {"problems": problems(path)} for path in sys.argv[2:]}))
