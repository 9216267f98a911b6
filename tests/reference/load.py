"""Writes the fixtures of load distributions, counts and slopes under tests/fixtures/stats/, from NumPy and SciPy.

    pip install -r tests/reference/requirements.txt && python tests/reference/load.py

Deterministic: the same versions write the same bytes. Nothing here shares a formula's code with the crate: quantiles come from the raw values,
the test of an excess tries every split of the allowance, and slopes come from SciPy's Theil-Sen over floors that are found window by window.
"""

import json
import pathlib

import numpy as np
from scipy import stats

OUT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "stats"


def write(name, cases):
    assert len(cases) >= 50, name
    lines = ",\n".join(json.dumps(case) for case in cases)
    (OUT / f"{name}.json").write_text(f"[\n{lines}\n]\n")


def numbers(values):
    return [float(value) for value in values]


def histograms():
    rng = np.random.default_rng(20)
    cases = []
    for size in (1, 2, 3, 10, 60, 300):
        for draw in (
            lambda n: rng.lognormal(-6, 1, n),
            lambda n: rng.exponential(0.01, n),
            lambda n: rng.integers(0, 4, n) / 4,
            lambda n: np.full(n, 0.125),
            lambda n: np.where(rng.random(n) < 0.1, 1e9, rng.normal(5, 0.01, n)),
        ):
            for probability in (0.5, 0.95, 0.999):
                values = np.round(draw(size), 9)
                times = rng.integers(1, 5, size)
                raw = np.repeat(values, times)
                cases.append({
                    "values": numbers(values),
                    "times": [int(n) for n in times],
                    "probability": probability,
                    "lower": float(np.quantile(raw, probability, method="lower")),
                    "higher": float(np.quantile(raw, probability, method="higher")),
                    "mean": float(raw.mean()),
                    "max": float(raw.max()),
                })
    write("histogram", cases)


def excess(base, head, allowed):
    """Both p-values by trying every number of events that the allowance may have given."""
    (kb, eb), (kh, eh) = base, head
    share = eh / (eh + eb)
    mean = allowed * eh
    if mean == 0:
        return float(stats.binom.sf(kh - 1, kb + kh, share)), float(stats.binom.cdf(kh, kb + kh, share))
    greater = min(
        max(stats.poisson.sf(b, mean), stats.binom.sf(kh - b - 1, kb + kh - b, share)) for b in range(kh + 1)
    )
    less = min(
        max(stats.poisson.cdf(b - 1, mean), stats.binom.cdf(kh - b, kb + kh - b, share) if b <= kh else 0.0)
        for b in range(kh + 2)
    )
    return float(min(1.0, 2 * greater)), float(min(1.0, 2 * less))


def excesses():
    rng = np.random.default_rng(21)
    cases = []
    for kb, kh in ((0, 0), (0, 1), (1, 0), (0, 16), (3, 3), (5, 15), (20, 90), (90, 20), (400, 480), (2000, 2400), (9000, 9400)):
        for ratio in (1.0, 0.5, 7.0):
            for expected in (0.0, 0.3, 1.6, 30.0, 150.0):
                eb = float(rng.integers(1, 100))
                eh = ratio * eb
                case = ((kb, eb), (kh, eh), expected / eh)
                greater, less = excess(*case)
                cases.append({"base": case[0], "head": case[1], "excess": case[2], "greater": greater, "less": less})
    write("excess", cases)


def count_bounds():
    cases = []
    for count in (0, 1, 2, 3, 7, 20, 100, 1000, 10000):
        for alpha in (1e-6, 1e-4, 0.01, 0.05, 0.2, 0.5):
            lower = stats.chi2.ppf(alpha, 2 * count) / 2 if count else 0.0
            upper = stats.chi2.isf(alpha, 2 * count + 2) / 2
            cases.append({"count": count, "alpha": alpha, "lower": float(lower), "upper": float(upper)})
    write("count_bounds", cases)


def dispersions():
    rng = np.random.default_rng(22)
    cases = []
    for rate in (0.0, 0.05, 1.0, 8.0, 300.0):
        for rounds in (1, 2, 10, 26):
            for bursty in (False, True):
                for lengths in ("equal", "different"):
                    groups, chi, freedom = [], 0.0, 0
                    for _ in range(2):
                        exposure = np.full(rounds, 2.0) if lengths == "equal" else rng.integers(1, 9, rounds) / 2
                        level = rate * (rng.gamma(2, 0.5, rounds) if bursty else np.ones(rounds))
                        counts = rng.poisson(level * exposure)
                        groups.append([[int(k), float(e)] for k, e in zip(counts, exposure)])
                        if rounds > 1 and counts.sum() > 0:
                            expected = exposure / exposure.sum() * counts.sum()
                            chi += stats.chisquare(counts, expected).statistic
                            freedom += rounds - 1
                    cases.append({"groups": groups, "dispersion": float(chi / freedom) if freedom else None})
    write("dispersion_within", cases)


def tracks():
    rng = np.random.default_rng(23)
    cases = []
    for points in (39, 40, 47, 98, 239, 240):
        for leak in (0.0, 0.4, -0.2, 25.0):
            for shape in ("flat", "saw-tooth", "warm-up", "noisy", "uneven"):
                t = np.arange(points, dtype=float)
                if shape == "uneven":
                    t = np.cumsum(rng.integers(1, 4, points) / 2)
                value = 1000 + leak * t
                if shape == "saw-tooth":
                    value = value + 60 * ((t % 7) / 7)
                if shape == "warm-up":
                    value = value + 200 * (1 - np.exp(-t / 20))
                if shape == "noisy":
                    value = value + rng.normal(0, 30, points)
                value = value.round(3)
                start = t[0] + 0.4 * (t[-1] - t[0])
                edges = start + (t[-1] - start) / 12 * np.arange(13)
                if np.abs(t[:, None] - edges[None, :12]).min() < 1e-6:
                    continue  # a point on an edge belongs to either window, by rounding
                floors = []
                for window in range(12):
                    last = window == 11
                    inside = (t >= edges[window] - 1e-9) & ((t <= edges[-1]) if last else (t < edges[window + 1] - 1e-9))
                    if inside.any():
                        at = np.flatnonzero(inside)[np.argmin(value[inside])]
                        floors.append((t[at], value[at], window))
                ft, fv, fw = np.array(floors).T
                slope = stats.theilslopes(fv, ft).slope
                early, late = (np.flatnonzero(inside)[np.argmin(fv[inside])] for inside in (fw < 4, fw >= 8))
                kept = (fv[late] - fv[early]) / (ft[late] - ft[early])
                pace = stats.theilslopes(fv[fw >= 5], ft[fw >= 5]).slope
                growth = max(0.0, min(slope, kept, 2 * pace)) if slope > 0 else slope
                level = np.median(fv) / (t[-1] - t[0])
                cases.append({"points": [[float(a), float(b)] for a, b in zip(t, value)], "slope": float(slope), "growth": float(growth), "level": float(level)})
    write("track", cases)


def poissons():
    cases = []
    for count in (0, 1, 4, 25, 300, 9999):
        for mean in (1e-300, 1e-3, 0.7, 4.0, 24.0, 30.0, 290.0, 350.0, 9000.0, 1e4, 10500.0, 1e6):
            at_most, more = float(stats.poisson.cdf(count, mean)), float(stats.poisson.sf(count, mean))
            cases.append({"count": count, "mean": mean, "at_most": at_most, "more": more})
    write("poisson", cases)


poissons()
histograms()
excesses()
count_bounds()
dispersions()
tracks()
