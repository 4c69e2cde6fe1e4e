"""The facility's bridge client and server: reads trains from an endpoint, or serves some, and prints what it has as JSON.

usage: bridge-peer.py read REQ|SUB|PULL|DEALER ENDPOINT N     bridge-peer.py serve REP|PUB|PUSH PROTOCOL N
"""
import hashlib
import json
import sys

import numpy as np
import zmq
from karabo_bridge import Client, deserialize
from karabo_bridge.server import ServerInThread


def plain(value):
    if isinstance(value, np.ndarray):
        return {'dtype': str(value.dtype), 'shape': list(value.shape), 'sha256': hashlib.sha256(value.tobytes()).hexdigest()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    # Integers as text: JSON readers round them.
    return str(value) if isinstance(value, (int, np.integer)) and not isinstance(value, bool) else value


def tell(data, metadata):
    print(json.dumps({
        source: {'values': {key: plain(value) for key, value in values.items() if key != 'metadata'},
                 'metadata': {key: plain(value) for key, value in metadata[source].items()}}
        for source, values in data.items()
    }), flush=True)


def dealer(endpoint, count):
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.connect(endpoint)
    for _ in range(count):
        socket.send_multipart([b'', b'next'])
        empty, *frames = socket.recv_multipart()
        assert empty == b'', empty
        tell(*deserialize(frames))


def trains(count):
    rng = np.random.default_rng(7)
    for train in range(count):
        data = {
            'SPB_DET_AGIPD1M-1/DET/0CH0:xtdf': {
                'image.data': rng.integers(0, 65535, (3, 2, 8, 4), dtype='u2'),
                'image.pulseId': np.array([[0], [2 ** 63 + 1], [2 ** 64 - 1]], dtype='u8'),
                'image.empty': np.zeros((0, 2), 'f4'),
                'header.pulseCount': np.uint64(2 ** 53 + 1),
                'text': 'ein Ångström', 'flag': True, 'list': [1, 2.5, None],
            },
            'A/CONTROL/DEVICE': {'value': -3, 'large': 2 ** 40},
        }
        meta = {'timestamp': 1700000000.5, 'timestamp.sec': '1700000000', 'timestamp.frac': '5'.ljust(18, '0'),
                'timestamp.tid': 10_000_000_000 + train}
        yield data, {source: {'source': source, **meta} for source in data}


if __name__ == '__main__':
    mode, kind = sys.argv[1:3]
    if mode == 'read' and kind == 'DEALER':
        dealer(sys.argv[3], int(sys.argv[4]))
    elif mode == 'read':
        client = Client(sys.argv[3], sock=kind, timeout=20)
        for _ in range(int(sys.argv[4])):
            tell(*client.next())
    else:
        protocol, count = sys.argv[3], int(sys.argv[4])
        with ServerInThread('tcp://127.0.0.1:*', sock=kind, maxlen=count, protocol_version=protocol) as server:
            print(json.dumps({'endpoint': server.endpoint}), flush=True)
            for data, meta in trains(count):
                tell(data, meta)
                server.feed(data, meta)
            sys.stdin.read()
