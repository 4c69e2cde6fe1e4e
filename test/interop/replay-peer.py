"""What a run's files hold of each train, by h5py alone, told as bridge-peer.py tells what it has read from a bridge.

usage: replay-peer.py modules|stacked RUN
"""
import glob
import hashlib
import json
import re
import sys

import h5py
import numpy as np


def plain(value):
    if np.ndim(value) == 0:
        return str(int(value))
    return {'dtype': str(value.dtype), 'shape': list(value.shape), 'sha256': hashlib.sha256(value.tobytes()).hexdigest()}


def trains_of(path):
    """Yields id, module, source and rows by key of each train of each module in a file."""
    with h5py.File(path, 'r') as file:
        names = {name.decode() for name in file['METADATA/dataSources/dataSourceId'][()]}
        sources = {re.match(r'INSTRUMENT/([^:]+:[^/]+)/', name)[1] for name in names if name.startswith('INSTRUMENT')}
        # The raw names in corrected files are links to the others.
        if any('/CORR/' in source for source in sources):
            sources = {source for source in sources if '/CORR/' in source}
        for source in sources:
            module = re.search(r'/(?:DET|CORR)/(\d+)CH', source)
            if module is None:
                continue
            groups = file['INSTRUMENT'][source]
            index = {g: (file['INDEX'][source][g]['first'][()], file['INDEX'][source][g]['count'][()]) for g in groups}
            for row, train in enumerate(file['INDEX/trainId'][()]):
                rows = {}
                for group, (first, count) in index.items():
                    own = slice(int(first[row]), int(first[row] + count[row]))
                    for name, dataset in groups[group].items():
                        # Only images have an axis of frames.
                        rows[f'{group}.{name}'] = dataset[own] if group == 'image' else dataset[own][0]
                yield int(train), int(module[1]), source, rows


def stacked(modules):
    """All modules of a train as one source: (frames, …, 16, slow scan, fast scan)."""
    module, (source, lowest) = min(modules.items())
    corrected = '/CORR/' in source
    content = {}
    for key, value in lowest.items():
        if not key.startswith('image.'):
            continue
        if value.ndim < 3:
            content[key] = plain(value)
            continue
        missing = np.full_like(value, np.nan if value.dtype.kind == 'f' else 1 << 11 if key == 'image.mask' else 0)
        parts = [modules[m][1][key] if m in modules else missing for m in range(16)]
        content[key] = plain(np.stack(parts, axis=-3))
    detector = source.split('/')[0]
    names = [source.replace(f'/{module}CH', f'/{m}CH') for m in range(16)]
    content.update(sources=names, modulesPresent=[m in modules for m in range(16)])
    return {f'{detector}/CAL/APPEND_CORRECTED' if corrected else f'{detector}/DET/APPEND': content}


if __name__ == '__main__':
    layout, folder = sys.argv[1:3]
    found = {}
    for path in sorted(glob.glob(f'{folder}/*.h5')):
        for train, module, source, rows in trains_of(path):
            found.setdefault(train, {})[module] = (source, rows)
    for train, modules in sorted(found.items()):
        told = stacked(modules) if layout == 'stacked' else {
            source: {key: plain(value) for key, value in rows.items()} for source, rows in modules.values()}
        print(json.dumps({'train': str(train), 'sources': told}))
