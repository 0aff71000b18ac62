"""compare.py FILE.parquet REFERENCE.npz: the features that OGR reads against the reference; runs beside GDAL, needs numpy."""
import sys

import numpy as np
from osgeo import ogr

ogr.UseExceptions()
path, reference = sys.argv[1:]
reference = np.load(reference)
source = ogr.Open(path)
assert source.GetDriver().GetName() == "Parquet"
layer = source.GetLayer(0)
srs = layer.GetSpatialRef()
assert srs.IsGeographic() and srs.GetName().startswith("WGS 84") and srs.GetSemiMajor() == 6378137, srs
assert list(srs.GetDataAxisToSRSAxisMapping()) == [2, 1], "longitude comes first"
features = list(layer)
count = len(reference["centres"])
assert len(features) == layer.GetFeatureCount() == count, (len(features), count)

compared = 0
for key in reference.files:
    if not key.startswith("column/"):
        continue
    name, expected = key.removeprefix("column/"), reference[key]
    kind = layer.GetLayerDefn().GetFieldDefn(layer.FindFieldIndex(name, True))
    found = [feature.GetField(name) for feature in features]
    if expected.dtype.kind == "f":
        assert kind.GetSubType() == ogr.OFSTFloat32, name
        found = np.array([np.nan if value is None else value for value in found]).astype(np.float32)
        assert ((found == expected) | (np.isnan(found) & np.isnan(expected))).all(), name
    else:
        assert kind.GetType() in (ogr.OFTInteger, ogr.OFTInteger64), (name, kind.GetTypeName())
        assert [int(value) for value in found] == [int(value) for value in expected], name
    compared += count


def off(found, expected):
    """Degrees between places, longitudes a turn apart being equal."""
    lon = (found[:, 0] - expected[:, 0] + 180) % 360 - 180
    return max(np.abs(lon).max(), np.abs(found[:, 1] - expected[:, 1]).max())


worst = 0.0
for row, feature in enumerate(features):
    shape = feature.GetGeometryRef()
    if shape.GetGeometryType() == ogr.wkbPoint:
        worst = max(worst, off(np.array([shape.GetPoint_2D()]), reference["centres"][row : row + 1]))
        continue
    assert shape.GetGeometryType() == layer.GetGeomType() == ogr.wkbPolygon and shape.IsValid()
    ring = np.array(shape.GetGeometryRef(0).GetPoints())[:-1, :2]
    assert len(ring) == 4
    corners = reference["corners"][row]
    # Whichever corner comes first.
    worst = max(worst, min(off(np.roll(ring, turn, axis=0), order) for turn in range(4) for order in (corners, corners[::-1])))
assert worst < 1e-9, worst
print(f"ok {path}: {count} features, {compared} values equal, places within {worst:.1e} degrees, {ogr.GeometryTypeToName(layer.GetGeomType())}")
