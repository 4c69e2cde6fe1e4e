"""Control data of AGIPD-1M as tools other than the DAQ write them: writes control.h5 beside this script.

usage: python3 make_control.py        (h5py 3.7; nothing in it is random)

FPGA_COMP of two trains. Readable: gainModeIndex (big-endian), gain (h5py's boolean), integrationTime (plain).
Not readable: setupr (bit field), patternTypeIndex (compound), bunchStructure.nPulses (text),
bunchStructure.repetitionRate (two values a row). RUN of integrationTime is opaque.
PSC/HV: channels.U0.voltage is NaN in the first train, channels.U1.voltage in both.
"""

import pathlib

import h5py
import numpy as np

COMPOSITE = "SPB_IRU_AGIPD1M1/MDL/FPGA_COMP"
SUPPLY = "SPB_IRU_AGIPD1M/PSC/HV"


def bit_field(group, name):
    space = h5py.h5s.create_simple((2,))
    h5py.h5d.create(group.id, name.encode(), h5py.h5t.STD_B8LE, space)


path = pathlib.Path(__file__).parent / "control.h5"
with h5py.File(path, "w", libver="earliest") as file:
    sources = [f"CONTROL/{COMPOSITE}", f"CONTROL/{SUPPLY}"]
    text = h5py.string_dtype()
    lists = {"dataSourceId": sources, "root": ["CONTROL"] * 2, "deviceId": [COMPOSITE, SUPPLY]}
    for name, values in lists.items():
        file.create_dataset(f"METADATA/dataSources/{name}", data=values, dtype=text)
    file["METADATA/dataFormatVersion"] = np.array([b"1.2"])
    file["INDEX/trainId"] = np.array([1000, 1001], "u8")
    file["INDEX/flag"] = np.ones(2, "i4")
    for device in (COMPOSITE, SUPPLY):
        file[f"INDEX/{device}/first"] = np.arange(2, dtype="u8")
        file[f"INDEX/{device}/count"] = np.ones(2, "u8")
    comp = file.create_group(f"CONTROL/{COMPOSITE}")
    comp["gainModeIndex/value"] = np.array([2, 2], ">i4")
    comp["gain/value"] = np.array([True, True])
    comp["integrationTime/value"] = np.array([15, 15], "i4")
    comp["patternTypeIndex/value"] = np.zeros(2, [("index", "i4"), ("since", "f8")])
    comp["bunchStructure/nPulses/value"] = np.array([b"352", b"352"])
    comp["bunchStructure/repetitionRate/value"] = np.full((2, 2), 4.5)
    bit_field(comp.create_group("setupr"), "value")
    run = file.create_group(f"RUN/{COMPOSITE}")
    run["gainModeIndex/value"] = np.array([2], ">i4")
    run["integrationTime/value"] = np.array([b"15"], "V2")
    supply = file.create_group(f"CONTROL/{SUPPLY}/channels")
    supply["U0/voltage/value"] = np.array([np.nan, 300.0004])
    supply["U1/voltage/value"] = np.array([np.nan, np.nan])
