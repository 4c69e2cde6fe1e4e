#!/usr/bin/env python3
"""Writes golden geometry files and what EXtra-geom makes of them.

python3 test/golden/geometry/make_geometry.py LPD.h5 DSSC.h5      (EXtra-geom 1.16, which needs cfelpyutils)

LPD.h5 and DSSC.h5 are the facility's files of 2018 and 2019 (lpd_mar_18_axesfixed.h5 and dssc_geo_june19.h5 of
EXtra-geom's tests), which hold no quadrant positions.
"""
import gzip
import hashlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from extra_geom import AGIPD_1MGeometry, DSSC_1MGeometry, LPD_1MGeometry
from extra_geom import __version__

OUT = Path(__file__).parent
DSSC_QUADRANTS = [(-130, 5), (-130, -125), (5, -125), (5, 5)]
LPD_QUADRANTS = [(11.4, 299), (-11.5, 8), (254.5, -16), (278.5, 275)]


def described(geometry):
    """The look-up table as geometry lut prints it, and the corners of first pixels, metres, [tile][x, y]."""
    numbers = np.arange(1, 1 + np.prod(geometry.expected_data_shape), dtype="<i4").reshape(geometry.expected_data_shape)
    table, centre = geometry.position_modules(numbers)
    corners = np.array([tile.corner_pos[:2] for module in geometry.modules for tile in module], dtype="<f8")
    return {
        "shape": list(table.shape),
        "centre": centre.tolist(),
        "sha256": hashlib.sha256(table.tobytes()).hexdigest(),
        "corners": hashlib.sha256(corners.tobytes()).hexdigest(),
    }


def packed(name, content):
    (OUT / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))


golden = {"software": f"EXtra-geom {__version__}"}
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "file"
    for name, kind, geometry in [
        ("agipd", AGIPD_1MGeometry, AGIPD_1MGeometry.example()),
        ("lpd", LPD_1MGeometry, LPD_1MGeometry.example()),
        ("dssc", DSSC_1MGeometry, DSSC_1MGeometry.example()),
    ]:
        geometry.write_crystfel_geom(file, clen=1, adu_per_ev=1)
        packed(f"{name}.geom", file.read_bytes())
        golden[f"{name}.geom"] = described(kind.from_crystfel_geom(file))
    for name, path, kind, quadrants in [
        ("lpd", sys.argv[1], LPD_1MGeometry, LPD_QUADRANTS),
        ("dssc", sys.argv[2], DSSC_1MGeometry, DSSC_QUADRANTS),
    ]:
        geometry = kind.from_h5_file_and_quad_positions(path, quadrants)
        packed(f"{name}-facility.h5", Path(path).read_bytes())
        golden[f"{name}-facility.h5"] = {"quadrants": quadrants, **described(geometry)}
        geometry.to_h5_file_and_quad_positions(file)
        packed(f"{name}-quadrants.h5", file.read_bytes())
        golden[f"{name}-quadrants.h5"] = described(kind.from_h5_file(file))
(OUT / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
