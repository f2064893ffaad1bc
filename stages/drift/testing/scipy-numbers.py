"""Writes scipy-numbers.json, what scipy says: `pip install scipy==1.17.1 && python scipy-numbers.py > scipy-numbers.json`."""

import json

import numpy as np
import scipy
from scipy import stats

random = np.random.default_rng(47)


def sample(count, shift=0.0, scale=1.0, digits=6):
    return sorted(round(float(v), digits) for v in random.normal(shift, scale, count))


def ks(a, b):
    found = stats.ks_2samp(a, b, method="exact")
    return {"a": a, "b": b, "statistic": float(found.statistic), "p": float(found.pvalue)}


def chi(a, b):
    found = stats.chi2_contingency([a, b], correction=False)
    return {
        "a": a,
        "b": b,
        "statistic": float(found.statistic),
        "degrees": int(found.dof),
        "p": float(found.pvalue),
    }


ks_cases = [
    ks(sample(m), sample(n, shift, scale))
    for m, n, shift, scale in [
        (3, 2, 0, 1),
        (7, 7, 0, 1),
        (40, 25, 0, 1),
        (40, 25, 0.8, 1),
        (60, 60, 0, 3),
        (120, 50, 0.3, 1),
        (200, 100, 1.5, 1),
        (97, 31, 5, 1),
    ]
]
# The exact p of a D that ties made is that of the same D without ties, in scipy as here.
ks_cases += [ks(sample(50, digits=0), sample(30, 0.7, digits=0))]

chi_cases = [
    chi([45, 45, 45], [20, 18, 22]),
    chi([45, 45, 45, 45], [5, 40, 22, 10]),
    chi([int(v) for v in random.integers(20, 60, 13)], [int(v) for v in random.integers(8, 30, 13)]),
    chi([300, 20], [100, 60]),
]

tail_cases = [
    {"x": x, "degrees": degrees, "p": float(stats.chi2.sf(x, degrees))}
    for degrees in (1, 2, 5, 12, 100, 524)
    for x in (0.01, 1.0, degrees * 0.8, degrees * 1.0, degrees * 1.5, degrees + 60.0)
]

print(
    json.dumps(
        {"scipy": scipy.__version__, "ks": ks_cases, "chiSquared": chi_cases, "chiSquaredTail": tail_cases}
    )
)
