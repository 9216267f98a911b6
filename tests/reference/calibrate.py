"""Reference cases of a calibration: noise, reach, told and suggested thresholds of one metric, written anew with numpy and scipy.

Usage: python tests/reference/calibrate.py > tests/fixtures/judge/calibrate.json
"""

import json
import math

import numpy as np
from scipy import stats

RATE, ROUNDS_MAX, STAGE = 0.01, 120, 10
LOOKS = [10, 26, 42, 74, 120]
LADDER = [0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.10, 0.15, 0.20, 0.30, 0.50, 1.0]


def level(index, family):
    if index == 0:
        return RATE / family
    share = 0.55 if index == len(LOOKS) - 1 else 0.45 / 3
    return RATE * share / (1 + 0.1 * (family - 1))


def detectable(alpha, power, sd, margin, rounds):
    if rounds < 2 or 0.5**rounds > alpha:
        return None
    reach = stats.t.ppf(power, rounds - 1) + stats.t.ppf(1 - alpha, rounds - 1)
    return margin + reach * 1.10 * sd / math.sqrt(rounds)


def fresh(index):
    return LOOKS[index] - (STAGE if index else 0)


def seconds(rounds, round_s, benchmarks):
    own = round_s / benchmarks
    stage = min(rounds, STAGE)
    return stage * round_s + (rounds - stage) * (own + 0.1 * (round_s - own))


def within(case, sd, tolerance, must_detect):
    for index in range(1, len(LOOKS)):
        took = seconds(LOOKS[index], case["round_s"], case["family"])
        seen = detectable(level(index, case["family"]), 0.95, sd, math.log1p(tolerance), fresh(index))
        if seen is not None and seen <= math.log1p(must_detect) and took <= case["time_limit_s"]:
            return LOOKS[index], took
    return None


def answer(case):
    differences = np.log(np.array(case["head"]) / np.array(case["base"]))
    sd = 1.4826 * np.median(np.abs(differences - np.median(differences)))
    if sd == 0:
        sd = np.std(differences, ddof=1)
    margin = math.log1p(case["tolerance"])
    case["noise"] = float(sd)
    reach = [detectable(level(i, case["family"]), 0.80, sd, margin, fresh(i)) for i in range(len(LOOKS))]
    case["reach"] = [None if one is None else math.expm1(one) for one in reach]
    told = within(case, sd, case["tolerance"], case["must_detect"])
    case["told_rounds"], case["told_s"] = told if told else (None, None)
    case["suggested"] = next((b for b in LADDER if within(case, sd, 0.4 * b, b)), None)
    return case


def cases():
    random = np.random.default_rng(20261121)
    spreads = [0.0, 1e-9, 0.001, 0.004, 0.01, 0.02, 0.05, 0.12, 0.4, 1.5]
    for spread in spreads:
        for rounds, family in [(5, 1), (10, 3), (20, 1), (20, 40), (33, 7), (60, 100)]:
            base = 1e-3 * np.exp(spread * random.standard_t(4, rounds))
            head = 1e-3 * np.exp(spread * random.standard_t(4, rounds))
            if rounds == 33:
                # Ties: a clock of coarse steps.
                base, head = (np.round(side * 1e5) / 1e5 + 1e-6 for side in (base, head))
            tolerance, must_detect = [(0.02, 0.05), (0.03, 0.08), (0.0, 0.01), (0.1, 0.11)][(rounds + family) % 4]
            yield answer({
                "base": [float(value) for value in base],
                "head": [float(value) for value in head],
                "family": family,
                "tolerance": tolerance,
                "must_detect": must_detect,
                "round_s": float(random.choice([0.01, 0.6, 3.0, 40.0])),
                "time_limit_s": 600,
            })


print(json.dumps(list(cases()), indent=0))
