"""Writes tests/fixtures/stats/health/*.json: what must be said of rounds that are disturbed, written straight from METHODOLOGY.md.

    python tests/reference/health.py

Deterministic. Values are whole nanoseconds. Nothing here shares code with the crate: p-values come from whole numbers of sign patterns, bounds and
estimates from walking every mean of two differences, trends from SciPy.
"""

import json
import math
import pathlib

import numpy as np
from scipy import stats

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "stats" / "health"
RANDOM = np.random.default_rng(20260301)
TOLERANCE = math.log(1.02)
LAWS = {}


def write(name, cases):
    assert len(cases) >= 50, name
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")


# --- the test: capped ranks, all signs ---------------------------------------------------------------------------


def tail(rounds, statistic):
    """The share of all 2^R sign patterns whose sum of capped ranks is this or more."""
    if rounds not in LAWS:
        cap, law = math.ceil(rounds / 3), [1]
        for rank in range(1, rounds + 1):
            score = min(rank, cap)
            law = [a + b for a, b in zip(law + [0] * score, [0] * score + law)]
        LAWS[rounds] = law
    return sum(LAWS[rounds][statistic:]) / 2**rounds


def statistic(differences, theta):
    """The sum of capped ranks of the distances from theta over those above it; of equal distances the positive one is nearer."""
    z = sorted((d - theta for d in differences), key=lambda v: (abs(v), v <= 0))
    cap = math.ceil(len(z) / 3)
    return sum(min(rank, cap) for rank, v in enumerate(z, 1) if v > 0)


def p_greater(differences, theta):
    return tail(len(differences), statistic(differences, theta))


def means(differences):
    return sorted({(a + b) / 2 for a in differences for b in differences})


def lower(differences, level):
    """The largest mean of two differences that is ruled out a hair below it."""
    ruled_out = [m for m in means(differences) if p_greater(differences, m - 1e-11) <= level]
    return ruled_out[-1] if ruled_out else -math.inf


def interval(differences):
    return lower(differences, 0.05), -lower([-d for d in differences], 0.05)


def estimate(differences):
    """The middle of where the statistic is half of its largest."""
    cap = math.ceil(len(differences) / 3)
    half = sum(min(rank, cap) for rank in range(1, len(differences) + 1)) / 2
    above = [m for m in means(differences) if statistic(differences, m - 1e-11) > half]
    below = [m for m in means(differences) if statistic(differences, m + 1e-11) < half]
    return (above[-1] + below[0]) / 2


def beyond(differences, margin, level):
    """Surely beyond the margin on either side; None where a hair of the level would decide."""
    p = min(p_greater(differences, margin), p_greater([-d for d in differences], margin))
    return p <= level


# --- one metric --------------------------------------------------------------------------------------------------


def order(d, first):
    second = [x if f == "b" else -x for x, f in zip(d, first)]
    return math.expm1(estimate(second)) if beyond(second, TOLERANCE, 0.005 / 4) else None


def drift(base):
    logs, n = np.log(np.array(base) * 1e-9), len(base)
    third = n // 3
    if third == 0 or abs(np.median(logs[n - third:]) - np.median(logs[:third])) <= 0.5 * TOLERANCE:
        return None
    rises = []
    for sign in (1, -1):
        left = sign * logs - TOLERANCE * np.arange(n) / (n - 1)
        if n <= 50 and len(set(left)) == n:
            p = stats.kendalltau(np.arange(n), left, alternative="greater", method="exact").pvalue
        else:
            pairs = np.sign(left[None, :] - left[:, None])[np.triu_indices(n, 1)].sum()
            ties = np.unique(left, return_counts=True)[1]
            variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
            p = stats.norm.sf((pairs - np.sign(pairs)) / math.sqrt(variance))
        rises.append(p <= 0.005 / 4)
    return math.expm1(stats.theilslopes(logs, np.arange(n)).slope * (n - 1)) if any(rises) else None


def tails(d):
    sd = stats.median_abs_deviation(d) * 1.4826
    far = int((np.abs(d - np.median(d)) > 6 * sd).sum()) if sd > 0 else 0
    return [far, len(d)] if len(d) >= 24 and far >= 3 and far * 10 >= len(d) else None


def widest_gap(values):
    """The widest gap between the 15th and the 85th percentile, and the pooled standard deviation on its sides."""
    n, ordered = len(values), sorted(values)
    if n < 10:
        return None
    edge = math.ceil(0.15 * n)
    at = max(range(edge, n - edge + 1), key=lambda k: (ordered[k] - ordered[k - 1], -k))
    pooled = math.sqrt(sum(np.var(half) * len(half) for half in (ordered[:at], ordered[at:])) / (n - 2))
    return ordered[at] - ordered[at - 1], pooled


def groups(base, head):
    gaps = [widest_gap(side) for side in (base, head)]
    if None in gaps:
        return None
    wide = lambda side, gap, share: gap[0] > 4 * gap[1] and gap[0] > share * 0.02 * np.median(side)
    if wide(base, gaps[0], 0.5) and wide(head, gaps[1], 0.5):
        return "both"
    one = [gap[0] <= 3 * gap[1] for gap in gaps]
    if len(base) < 24:
        return None
    if wide(base, gaps[0], 1) and one[1]:
        return "base"
    return "head" if wide(head, gaps[1], 1) and one[0] else None


def equal(base, head, d):
    if len(base) < 5:
        return None
    if len(set(base)) == len(set(head)) == 1:
        return "all"
    most = max(np.unique(side, return_counts=True)[1].max() for side in (base, head, d))
    step = np.diff(np.unique([*base, *head])).min()
    return [int(most), len(base)] if 2 * most > len(base) and step > 0.1 * 0.02 * np.median(base) else None


def said(base, head, first):
    """Every rule by itself, then what is told: of those after the drift only the first."""
    d = [math.log((h * 1e-9) / (b * 1e-9)) for b, h in zip(base, head)]
    found = {"order": order(d, first), "groups": groups(base, head), "equal": equal(base, head, d), "tails": tails(d)}
    told = next((rule for rule, what in found.items() if what is not None), None)
    return {**{rule: what if rule == told else None for rule, what in found.items()}, "drift": drift(base)}


ROUNDS = (1, 2, 3, 4, 5, 9, 10, 11, 16, 17, 23, 24, 26, 33, 51, 64)


def disturbed(rule):
    """Rounds that the rule says something of at times, at others nearly, at others not at all."""
    cases, told = [], 0
    for index in range(64):
        n, kind = ROUNDS[index % len(ROUNDS)], index // len(ROUNDS)
        first = "".join(RANDOM.choice(["b", "h"], n))
        noise = lambda: RANDOM.normal(0, (0.002, 0.005, 0.012, 0.004)[kind], n)
        base, head = noise(), noise()
        if rule == "order":
            size = (0.06, -0.05, 0.03, 0.022)[kind]
            base, head = (side + size * np.array([f != own for f in first]) for side, own in ((base, "b"), (head, "h")))
        if rule == "drift":
            slope = np.arange(n) / max(n - 1, 1) * (0.05, -0.06, 0.035, 0.019)[kind]
            base, head = base + slope, head + slope
        if rule == "groups":
            slow = [RANDOM.random(n) < 0.35 for _ in (0, 1)]
            base = base + (0.08, 0.0, 0.06, 0.018)[kind] * slow[0]
            head = head + (0.08, 0.1, 0.06, 0.018)[kind] * slow[1]
        if rule == "tails":
            head = head + RANDOM.choice([-1, 1], n) * (RANDOM.random(n) < (0.2, 0.15, 0.3, 0.08)[kind]) * RANDOM.uniform(0.1, 0.5, n)
        nanoseconds = lambda side: np.maximum(np.round(1e6 * np.exp(side)), 1)
        if rule == "equal":
            step = (1e4, 5e3, 1e5, 1e3)[kind]
            nanoseconds = lambda side: np.round(1e6 * np.exp(side) / step) * step
        base, head = ([int(value) for value in nanoseconds(side)] for side in (base, head))
        if n >= 5 and rule in ("order", "tails") and kind == 3 and index % 2:
            head = [(value // 100, value, value * 100)[at % 3] for at, value in enumerate(head)]  # extremes
        case = {"base": base, "head": head, "first": first, "said": said(base, head, first)}
        told += case["said"][rule] is not None
        cases.append(case)
    assert 10 <= told <= 54, (rule, told)
    write(rule, cases)


# --- all benchmarks together, and base against itself ------------------------------------------------------------


def moved(rows, level):
    """rows: for each round the differences of the benchmarks that have it."""
    enough = [np.median(row) for row in rows if len(row) >= 5]
    if not enough or not beyond(enough, 0.0, level):
        return None
    ratio = math.expm1(estimate(enough))
    if abs(ratio) < 0.005:
        return None
    low, high = (math.expm1(end) for end in interval(enough))
    return {"ratio": ratio, "lower": low, "upper": high, "benchmarks": max(len(row) for row in rows), "rounds": len(enough)}


def together():
    cases, told = [], [0, 0]
    for index in range(72):
        benchmarks, rounds, kind = (4, 5, 6, 9, 14)[index % 5], (7, 8, 9, 10, 13)[index // 5 % 5], index % 6
        firsts = ["".join(RANDOM.choice(["b", "h"], rounds)) for _ in range(benchmarks)]
        d = RANDOM.normal(0, 0.004, (benchmarks, rounds)) * RANDOM.lognormal(0, 0.5, (benchmarks, 1))
        second = np.array([[1 if f == "b" else -1 for f in first] for first in firsts])
        d += {1: 0.012, 2: -0.02, 3: 0.006}.get(kind, 0.0)
        d += {4: 0.03, 5: -0.011}.get(kind, 0.0) * second
        if index % 7 == 6:
            d[0] += 2.0  # one benchmark that exploded
        head = np.round(1e6 * np.exp(d)).astype(int).tolist()
        if index % 7 == 5:
            head[-1][2] = None  # a lost round
        if index % 11 == 10:
            head = [[1000000 + 1000 * round(value / 1000 - 1000) if value else value for value in row] for row in head]  # ties
        logs = [[None if h is None else math.log((h * 1e-9) / (1000000 * 1e-9)) for h in row] for row in head]
        turned = [[x if f == "b" or x is None else -x for x, f in zip(row, first)] for row, first in zip(logs, firsts)]
        by_round = lambda rows: [[row[at] for row in rows if row[at] is not None] for at in range(min(rounds, 10))]
        shift, bias = moved(by_round(logs), 0.01 / 2), moved(by_round(turned), 0.002 / 2)
        told = [told[0] + (shift is not None), told[1] + (bias is not None)]
        cases.append({"head": head, "first": firsts, "shift": shift, "order": bias})
    assert told[0] >= 12 and told[1] >= 6, told
    write("together", cases)


def canary():
    cases, moved_count = [], 0
    for index in range(64):
        rounds, kind = (1, 2, 5, 9, 10, 11, 12, 15)[index % 8], index // 8
        one, other = (RANDOM.normal(0, 0.004, rounds) for _ in (0, 1))
        other = other + (0.0, 0.04, -0.04, 0.1, 0.022, 0.03, 3.0, -2.0)[kind]
        if index % 3 == 2 and rounds > 4:
            one[1] += 0.8
        if index % 5 == 4:
            one, other = one.round(2), other.round(2)
        one, other = ([int(value) for value in np.round(1e6 * np.exp(side))] for side in (one, other))
        d = [math.log((o * 1e-9) / (b * 1e-9)) for b, o in zip(one, other)]
        surely = beyond(d, TOLERANCE, 0.002 / 2)
        moved_count += surely
        low, high = interval(d)
        cases.append({"one": one, "other": other, "state": "moved" if surely else "too few" if rounds < 10 else "still",
                      "ratio": math.expm1(estimate(d)), "lower": math.expm1(low), "upper": math.expm1(high) if high < math.inf else None})
    assert moved_count >= 8, moved_count
    write("canary", cases)


if __name__ == "__main__":
    for rule in ("order", "drift", "groups", "tails", "equal"):
        disturbed(rule)
    together()
    canary()
