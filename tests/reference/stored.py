"""Reference values of what is judged by stored runs, written straight from the definitions: ranks of runs, variance components.

    python tests/reference/stored.py
"""

import json
import pathlib

import numpy as np
from scipy import stats

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "stats"
RANDOM = np.random.default_rng(20260101)


def write(name, cases):
    assert len(cases) >= 50, name
    (FIXTURES / f"{name}.json").write_text(json.dumps(cases, indent=1) + "\n")


def score(one, others, sd, freedom):
    """Distance of one run to the mean of the others in standard deviations of a prediction, the variance moderated."""
    others = np.asarray(others)
    spread = others.var(ddof=1) if len(others) > 1 else 0.0
    more = len(others) - 1
    variance = (freedom * sd**2 + more * spread) / (freedom + more)
    return (one - others.mean()) / np.sqrt(variance * (1 + 1 / len(others)))


def scores(matrix, sd, freedom):
    """matrix[metric][run] -> the same shape."""
    return np.array(
        [[score(row[run], np.delete(row, run), sd, freedom) for run in range(len(row))] for row in matrix]
    )


def rank(history, head):
    return (1 + sum(value >= head for value in history)) / (1 + len(history))


def conformal():
    cases = []
    for index in range(80):
        metrics, runs = [(1, 2), (1, 3), (3, 2), (5, 9), (20, 5), (4, 30)][index % 6]
        kind = index % 5
        matrix = RANDOM.normal(0, 0.03, (metrics, runs + 1))
        if kind == 1:
            matrix = RANDOM.standard_t(2, (metrics, runs + 1)) * 0.02
        if kind == 2:  # ties
            matrix = np.round(matrix, 2)
        if kind == 3:  # one wild head
            matrix[0, -1] += 0.5
        if kind == 4:  # no spread at all in the first metric
            matrix[0] = 1.25
        sd, freedom = [(0.01, 3.0), (0.05, 3.0), (0.001, 0.5)][index % 3]
        all_scores = scores(matrix, sd, freedom)
        by_run = all_scores.max(axis=0)
        cases.append(
            {
                "history": matrix[:, :-1].tolist(),
                "head": matrix[:, -1].tolist(),
                "prior_sd": sd,
                "prior_degrees_of_freedom": freedom,
                "own": all_scores[:, -1].tolist(),
                "bar": float(by_run[:-1].max()),
                "history_bar": float(scores(matrix[:, :-1], sd, freedom).max()),
                "p_value": rank(by_run[:-1], by_run[-1]),
                "rank_p_values": [rank(row[:-1], row[-1]) for row in matrix],
            }
        )
    write("conformal", cases)


def foreseen():
    """What more runs would show: the reach of a bound, and how far a rank would ask for."""
    cases = []
    for index in range(60):
        history = RANDOM.normal(2, [0.02, 0.0005, 0.3][index % 3], 2 + index % 9)
        if index % 10 == 9:
            history = np.full(4, 1.5)
        runs, alpha, metrics = [10, 13, 30, 99][index % 4], [0.2, 0.01, 0.0001][index % 3], [1, 7, 100][index % 3]
        spread = history.std(ddof=1)
        reach = stats.t.ppf(1 - alpha, 0.7 * (runs - 1)) * max(spread, 0.003) * np.sqrt(1 + np.pi / 2 / runs)
        distance = stats.norm.ppf(1 - 1 / (runs * metrics)) * spread * np.sqrt(1 + 1 / runs)
        cases.append(
            {
                "history": history.tolist(),
                "runs": runs,
                "alpha": alpha,
                "metrics": metrics,
                "reach": float(reach),
                "distance": float(distance),
            }
        )
    write("foreseen", cases)


def variance_components():
    cases = []
    for index in range(60):
        groups = 2 + index % 7
        counts = [1 + (index + run * 3) % 10 if index % 2 else 5 for run in range(groups)]
        counts[0] = max(counts[0], 2)
        apart = [0.0, 0.01, 0.5][index % 3]
        runs = [RANDOM.normal(1 + RANDOM.normal(0, apart), 0.02, count) for count in counts]
        everything = np.concatenate(runs)
        total = len(everything)
        within = sum(((run - run.mean()) ** 2).sum() for run in runs) / (total - groups)
        between = sum(len(run) * (run.mean() - everything.mean()) ** 2 for run in runs) / (groups - 1)
        rounds = (total - sum(c * c for c in counts) / total) / (groups - 1)
        variance = max(0.0, (between - within) / rounds)
        setup = [1.0, 10.0, 200.0][index % 3]
        best = max(1.0, float(np.ceil(np.sqrt(setup * within / variance)))) if variance > 0 else None
        cases.append(
            {
                "runs": [run.tolist() for run in runs],
                "between": float(variance),
                "within": float(within),
                "rounds": float(rounds),
                "setup_rounds": setup,
                "best_rounds": best,
            }
        )
    write("variance_components", cases)


if __name__ == "__main__":
    conformal()
    foreseen()
    variance_components()
