"""A client of `detcal jobs serve`, over pyzmq.

usage: job-peer.py talk ENDPOINT                  each line of stdin is a JSON list of frames in base64; prints each answer,
                                                  or null where none came
       job-peer.py many ENDPOINT THREADS EACH     so many clients at a time, each asking for so many runs, twice: prints the
                                                  answers' counts, and how long it took
       job-peer.py listen ENDPOINT ID             prints the events of a request, until it has ended
"""
import base64
import json
import sys
import time
from collections import Counter
from threading import Thread

import zmq

PATIENCE_MS = 3000


def connected(endpoint):
    socket = zmq.Context.instance().socket(zmq.REQ)
    socket.linger = 0
    socket.connect(endpoint)
    return socket


def talk(endpoint):
    socket = connected(endpoint)
    for line in sys.stdin:
        socket.send_multipart([base64.b64decode(frame) for frame in json.loads(line)])
        if socket.poll(PATIENCE_MS):
            print(socket.recv().decode(), flush=True)
        else:
            print('null', flush=True)
            socket.close()
            socket = connected(endpoint)


def many(endpoint, threads, each):
    answers = [Counter() for _ in range(threads)]

    def ask(thread):
        socket = connected(endpoint)
        for _ in range(2):
            for run in range(1, each + 1):
                socket.send_json({'request': 'correct', 'instrument': 'MID', 'cycle': '202601', 'proposal': 1000 + thread,
                                  'run': run, 'priority': run % 3})
                answers[thread][socket.recv_json()['status']] += 1

    start = time.monotonic()
    clients = [Thread(target=ask, args=(thread,)) for thread in range(threads)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    print(json.dumps({'answers': sum(answers, Counter()), 'seconds': time.monotonic() - start}))


def listen(endpoint, request):
    socket = zmq.Context.instance().socket(zmq.SUB)
    socket.subscribe(b'')
    socket.connect(endpoint)
    print('"listening"', flush=True)
    while True:
        name, body = socket.recv_multipart()
        event = json.loads(body)
        assert event['event'] == name.decode()
        if event['id'] == request:
            print(json.dumps(event), flush=True)
            if event['state'] in ('done', 'failed', 'cancelled', 'recorded'):
                return


mode, endpoint, *rest = sys.argv[1:]
{'talk': talk, 'many': many, 'listen': listen}[mode](endpoint, *map(int, rest))
