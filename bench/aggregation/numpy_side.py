"""NumPy's part of the benchmark: reads a command per line, answers with one line of JSON.

Usage: numpy_side.py UPDATES DIMENSION HOSTILE FOLDER    (FOLDER/0, FOLDER/1, ... hold float32 values)
"""

import json
import sys
import time
from functools import reduce

import numpy as np

updates, dimension, hostile = (int(text) for text in sys.argv[1:4])
folder = sys.argv[4]
matrix = np.stack([np.fromfile(f"{folder}/{k}", dtype="<f4", count=dimension) for k in range(updates)])
rows = list(matrix)
counts = [1000 + 37 * k for k in range(updates)]


def fedavg():
    # As Flower does it: flwr/server/strategy/aggregate.py, one layer.
    weighted = [row * count for row, count in zip(rows, counts)]
    return reduce(np.add, weighted) / sum(counts)


def median():
    return np.median(matrix, axis=0)


def krum():
    gram = matrix @ matrix.T
    norms = np.diag(gram)
    distances = norms[:, None] + norms[None, :] - 2 * gram
    np.fill_diagonal(distances, np.inf)
    scores = np.sort(distances, axis=1)[:, : updates - hostile - 2].sum(axis=1)
    return matrix[np.argmin(scores)].copy()


rules = {"fedavg": fedavg, "median": median, "krum": krum}
print(json.dumps({"version": np.__version__}), flush=True)
for line in sys.stdin:
    name, _, output = line.strip().partition(" ")
    start = time.perf_counter()
    result = rules[name]()
    seconds = time.perf_counter() - start
    if output:
        result.astype("<f4").tofile(output)
    print(json.dumps({"seconds": seconds}), flush=True)
