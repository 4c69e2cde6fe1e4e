"""Changes a file that detcal made, in place, with the HDF5 library: whatever h5py does to its own files must work."""
import sys

import h5py
import numpy as np

with h5py.File(sys.argv[1], 'r+') as f:
    assert sorted(f['some']) == [f'd{i:02}' for i in range(7)] + ['texts']
    # More members than a group's header holds: the library moves the links to another place.
    for i in range(20):
        f.create_dataset(f'some/new{i}', data=np.arange(i + 1))
    f['some/texts'][1] = 'another and longer text'
    f['some/texts'].attrs['unit'] = 'changed'
    f['some/texts'].attrs['more'] = np.arange(3)
    del f['some/d03']
    f['growing'].resize(100, axis=0)
    f['growing'][3:] = np.arange(97)
    f['declared'][2] = 5
    for i in range(20):
        f.attrs[f'attribute {i}'] = i

with h5py.File(sys.argv[1], 'r') as f:
    assert len(f['some']) == 27
    assert [t.decode() for t in f['some/texts'][()]] == ['one', 'another and longer text', 'three']
    assert f['some/texts'].attrs['unit'] == 'changed'
    assert f['growing'].shape == (100,) and f['growing'].maxshape == (None,)
    assert list(f['growing'][:5]) == [7, 8, 9, 0, 1]
    assert f['declared'].compression == 'gzip' and f['declared'].compression_opts == 1
    assert f['declared'][2].tolist() == [5, 5] and f['declared'][0].tolist() == [0, 0]
    assert f['link/d05'][()].tolist() == [5]
    assert len(f.attrs) == 21 and f.attrs['engine'] == 'détcal'
    types = {name: (h5py.check_string_dtype(d.dtype), d.dtype.str) for name, d in f['types'].items()}
    print(types)
    assert types['ascii'][0].encoding == 'ascii' and types['utf8'][0].encoding == 'utf-8'
    assert all(types[name][1][1:] == name for name in types if len(name) == 2)
