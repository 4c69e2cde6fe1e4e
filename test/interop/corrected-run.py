"""What EXtra-data makes of corrected files, in a fresh process: it keeps opened files by path. Prints JSON.

    read PROC           AGIPD1M against h5py: shapes, values by train and pulse, masked data
    cxi COMBINED VIRTUAL  the combined file against the virtual one of extra-data-make-virtual-cxi
    yaml FILE           the metadata file as EXtra's CalibrationData.from_correction takes it apart
"""
import json
import sys
from pathlib import Path

import h5py
import numpy as np
import yaml


def bits(array):
    return np.ascontiguousarray(array).tobytes()


def read(proc):
    from extra_data import RunDirectory
    from extra_data.components import AGIPD1M

    run = RunDirectory(proc)
    detector = AGIPD1M(run, min_modules=1)
    arrays = {key: detector.get_array(f"image.{key}") for key in ("data", "gain", "mask")}
    differing, compared = [], 0
    for path in sorted(Path(proc).glob("CORR-*.h5")):
        with h5py.File(path, "r") as file:
            source = next(name for name in file["INDEX"]["SPB_DET_AGIPD1M-1/CORR"])
            module = int(source.partition("CH0")[0])
            image = file[f"INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/{source}/image"]
            legacy = file[f"INSTRUMENT/SPB_DET_AGIPD1M-1/DET/{module}CH0:xtdf/image"]
            if h5py.h5o.get_info(legacy["data"].id).addr != h5py.h5o.get_info(image["data"].id).addr:
                differing.append([path.name, "legacy name"])
            for row, (train, pulse) in enumerate(zip(image["trainId"][:], image["pulseId"][:])):
                for key, array in arrays.items():
                    found = array.sel(module=module, train=int(train), pulse=int(pulse)).values
                    # Padding trains to equal length has made floats of the integers.
                    if bits(found.astype(image[key].dtype)) != bits(image[key][row]):
                        differing.append([path.name, key, row])
                compared += 1
    # One axis of frames: nothing is padded, so that types stay.
    flat = {key: detector.get_array(f"image.{key}", unstack_pulses=False) for key in arrays}
    mask, plain = flat["mask"].values, flat["data"].values
    # Debian 12 has a version without masked_data: there one masks by hand.
    masked = detector.masked_data().ndarray() if hasattr(detector, "masked_data") else np.where(mask == 0, plain, np.float32(np.nan))
    return {
        "trains": [int(train) for train in run.train_ids],
        "modules": sorted(int(module) for module in detector.modno_to_source),
        "dims": list(arrays["data"].dims),
        "dtypes": {key: str(array.dtype) for key, array in flat.items()},
        "compared": compared,
        "differing": differing,
        "masked": bool(np.isnan(masked[mask != 0]).all() and bits(masked[mask == 0]) == bits(plain[mask == 0])),
        "bad": int((mask != 0).sum()),
    }


def cxi(combined, virtual):
    differing, compared = [], []
    with h5py.File(combined, "r") as ours, h5py.File(virtual, "r") as theirs:

        def visit(name, item):
            if isinstance(item, h5py.Group):
                if name not in ours or not isinstance(ours[name], h5py.Group):
                    differing.append(name)
                return
            mine = ours.get(name)
            if mine is None or mine.dtype != item.dtype or mine.shape != item.shape:
                differing.append([name, str(item.dtype), list(item.shape)])
                return
            compared.append(name)
            if item.dtype.kind == "O":
                same = mine[:].tolist() == item[:].tolist()
            else:
                same = all(bits(mine[i]) == bits(item[i]) for i in range(len(item)))
            differing.extend([] if same else [name])
            attributes = {key: value for key, value in item.attrs.items()}
            if any(mine.attrs.get(key) != value for key, value in attributes.items()):
                differing.append([name, str(attributes)])

        theirs.visititems(visit)
        for link in ("entry_1/data_1", "entry_1/instrument_1/detector_1/experiment_identifier"):
            if ours.get(link, getlink=True).path != theirs.get(link, getlink=True).path:
                differing.append(link)
        data = ours["entry_1/instrument_1/detector_1/data"]
        return {
            "frames": len(data),
            "virtual": theirs["entry_1/instrument_1/detector_1/data"].is_virtual,
            "ours": data.is_virtual,
            "chunks": [ours[f"entry_1/instrument_1/detector_1/{name}"].id.get_num_chunks() for name in ("data", "gain", "mask")],
            "missing": int(sum(np.isnan(data[i]).all(axis=(1, 2)).sum() for i in range(len(data)))),
            "compared": sorted(compared),
            "differing": differing,
        }


def metadata(path):
    with open(path) as file:
        content = yaml.safe_load(file)
    found = {}
    for aggregator, group in content["retrieved-constants"].items():
        # As EXtra reads it: groups without constants are skipped.
        for name, constant in group.get("constants", {}).items():
            with h5py.File(constant["path"], "r") as file:
                shape = list(file[constant["dataset"]]["data"].shape)
            kinds = {key: type(value).__name__ for key, value in sorted(constant.items())}
            found[f"{aggregator} {name}"] = {"pdu": group["physical-name"], "kinds": kinds, "shape": shape}
    return {"karaboId": content["calibration-configurations"]["karabo-id"], "constants": found}


print(json.dumps({"read": read, "cxi": cxi, "yaml": metadata}[sys.argv[1]](*sys.argv[2:])))
