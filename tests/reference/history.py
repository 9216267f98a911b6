"""Writes the fixtures of what many stored runs say: tests/fixtures/stats/{contrast,shift}.json.

    pip install -r tests/reference/requirements.txt && python tests/reference/history.py

Contrasts come from a least-squares fit of the one-way layout (not from sums of squares by group); ends of intervals from exact integers.
"""

import math
from fractions import Fraction

import numpy as np
from scipy import stats

from statistics import write


def contrast():
    rng = np.random.default_rng(21)
    cases = []
    for number in range(60):
        sizes = rng.integers(1, 12, rng.integers(2, 7))
        if number % 10 == 0:
            sizes = np.ones(2, int)
        scale = (0.001, 0.02, 0.3)[number % 3]
        groups = [(rng.normal(rng.normal(0, 0.1), scale, size)).round(6).tolist() for size in sizes]
        if number % 7 == 0:
            groups[0] = [groups[0][0]] * len(groups[0])
        prior_sd, prior_df = ((0.05, 3.0), (0.015, 4.0), (0.2, 2.0))[number % 3]
        # Least squares on indicator columns; the residual sum of squares is that of the layout.
        values = np.concatenate([np.array(group) for group in groups])
        design = np.zeros((len(values), len(groups)))
        row = 0
        for column, group in enumerate(groups):
            design[row:row + len(group), column] = 1
            row += len(group)
        beta = np.linalg.lstsq(design, values, rcond=None)[0]
        residual = float(((values - design @ beta) ** 2).sum())
        own = len(values) - len(groups)
        df = prior_df + own
        s2 = (prior_df * prior_sd**2 + residual) / df
        weights = np.zeros(len(groups))
        weights[0], weights[-1] = -1, 1
        value = float(weights @ beta)
        variance = float(s2 * weights @ np.linalg.inv(design.T @ design) @ weights)
        alpha = (0.05, 0.01, 0.0001)[number % 3]
        reach = stats.t.ppf(1 - alpha, df) * math.sqrt(variance)
        paired = rng.normal(0.01, (0.001, 0.05)[number % 2], rng.integers(2, 30)).round(6)
        sem2 = stats.sem(paired) ** 2
        total = value + paired.mean()
        df_total = (variance + sem2) ** 2 / (variance**2 / df + sem2**2 / (len(paired) - 1))
        reach_total = stats.t.ppf(1 - alpha, df_total) * math.sqrt(variance + sem2)
        cases.append({
            "groups": groups, "prior": [prior_sd, prior_df], "paired": paired, "alpha": alpha, "value": value,
            "variance": variance, "degrees_of_freedom": df, "lower": value - reach, "upper": value + reach,
            "total": total, "total_degrees_of_freedom": df_total, "total_lower": total - reach_total,
            "total_upper": total + reach_total,
        })
    write("contrast", cases)


def statistic_counts(n, m):
    """How often the statistic of Mann and Whitney takes each value: the coefficients of the Gaussian binomial, by exact division."""
    top = [1]
    for k in range(m + 1, m + n + 1):  # times (1 − q^k)
        wide = top + [0] * k
        for index, value in enumerate(top):
            wide[index + k] -= value
        top = wide
    for k in range(1, n + 1):  # divided by (1 − q^k)
        for index in range(k, len(top)):
            top[index] += top[index - k]
        assert all(value == 0 for value in top[len(top) - k:])
        top = top[:len(top) - k]
    assert sum(top) == math.comb(n + m, n)
    return top


def shift():
    rng = np.random.default_rng(22)
    cases = []
    for number in range(66):
        n, m = (int(size) for size in rng.integers(1, 21, 2))
        if number % 6 == 0:
            n, m = 5, int(rng.integers(5, 21))
        base, head = rng.standard_t(3, n).round(4), (rng.standard_t(3, m) + rng.integers(-2, 3)).round(4)
        if number % 5 == 0:
            base, head = base.round(0), head.round(0)
        confidence = (0.9, 0.95, 0.5, 0.99)[number % 4]
        alpha = Fraction(str(confidence)) * -1 / 2 + Fraction(1, 2)
        counts, below, outside = statistic_counts(n, m), 0, 0
        while Fraction(below + counts[outside], math.comb(n + m, n)) <= alpha:
            below += counts[outside]
            outside += 1
        differences = np.sort(np.subtract.outer(head, base).ravel())
        lower, upper = (-math.inf, math.inf) if outside == 0 else (differences[outside - 1], differences[-outside])
        cases.append({"base": base, "head": head, "confidence": confidence, "estimate": np.median(differences),
                      "lower": lower, "upper": upper})
    write("shift", cases)


if __name__ == "__main__":
    contrast()
    shift()
