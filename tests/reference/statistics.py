"""Writes tests/fixtures/stats/*.json: what the statistics must come to, from SciPy or by counting everything.

    pip install -r tests/reference/requirements.txt && python tests/reference/statistics.py

Deterministic: the same versions write the same bytes. Infinities are written as null.
Nothing here shares a formula's code with the crate: p-values of small samples come from all 2^R signs, of large ones from integers.
"""

import itertools
import json
import math
import pathlib
from fractions import Fraction

import numpy as np
import pymannkendall
from scipy import special, stats
from scipy.stats import mstats

OUT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "stats"


def write(name, cases):
    assert len(cases) >= 50, name
    OUT.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(finite(case)) for case in cases)
    (OUT / f"{name}.json").write_text(f"[\n{lines}\n]\n")


def finite(value):
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [finite(item) for item in value]
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    return float(value) if math.isfinite(value) else None


def samples(rng, sizes, repeats):
    """Smooth, heavy-tailed, tied, constant and shifted samples of each size."""
    for size in sizes:
        for _ in range(repeats):
            yield rng.normal(0, 1, size).round(6)
            yield rng.standard_t(1.5, size).round(6)
            yield rng.integers(-4, 8, size) / 64
            yield np.full(size, rng.integers(-2, 3) / 8)
            yield np.where(rng.random(size) < 0.2, 3.0, rng.normal(0.05, 0.02, size).round(6))


# --- summaries -----------------------------------------------------------------------------------


def biweight_sd(values):
    """The textbook form: n times the weighted squares over the square of the weights' sum, u in units of nine median distances."""
    x = np.asarray(values, dtype=float)
    deviation = stats.median_abs_deviation(x)
    if deviation == 0:
        return 0.0
    u = (x - np.median(x)) / (9 * deviation)
    inside = np.abs(u) < 1
    above = np.sum(((x - np.median(x)) ** 2 * (1 - u**2) ** 4)[inside])
    below = np.sum(((1 - u**2) * (1 - 5 * u**2))[inside])
    return math.sqrt(len(x) * above / below**2)


def summaries():
    rng = np.random.default_rng(1)
    cases = []
    for values in samples(rng, (1, 2, 3, 5, 10, 37), 3):
        probability = float(rng.choice([0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]))
        n = len(values)
        weights = np.diff(special.betainc((n + 1) * probability, (n + 1) * (1 - probability), np.arange(n + 1) / n))
        cases.append({
            "values": values, "probability": probability,
            "median": np.median(values), "mad_sd": 1.4826 * stats.median_abs_deviation(values), "biweight_sd": biweight_sd(values),
            "mean": np.mean(values), "variance": np.var(values, ddof=1) if n > 1 else None,
            "quantile": np.quantile(values, probability),
            "harrell_davis": mstats.hdquantiles(values, [probability])[0] if n > 1 else weights @ np.sort(values),
        })
    write("summary", cases)


# --- distributions -------------------------------------------------------------------------------


def student_t():
    write("student_t", [
        {"probability": p, "degrees_of_freedom": df, "t": stats.t.ppf(p, df)}
        for df in (1, 2, 3, 4, 9, 9.5, 13, 19, 63, 119, 499, 5000)
        for p in (1e-6, 1e-3, 0.05, 0.2, 0.8, 0.95, 0.99, 0.999, 1 - 1e-4, 1 - 1e-6)
    ])


# --- signed rank ---------------------------------------------------------------------------------

CAPS = {"third": lambda r: -(-r // 3), "uncapped": lambda r: r, "sign": lambda r: 1}


def scores(rounds, cap):
    limit = CAPS[cap](rounds)
    return [min(rank, limit) for rank in range(1, rounds + 1)]


def observed(differences, theta, cap):
    """Zeros count as not above; of equal distances the positive is ranked first, which is against the claim."""
    z = sorted((Fraction(d) - theta for d in differences), key=lambda v: (abs(v), v <= 0))
    return sum(score for v, score in zip(z, scores(len(z), cap)) if v > 0)


def count_signs(score_list):
    """How many of the 2^R sign patterns give each statistic: by looking at every one of them."""
    counts = np.zeros(sum(score_list) + 1, dtype=np.int64)
    for signs in itertools.product((0, 1), repeat=len(score_list)):
        counts[sum(s * c for s, c in zip(signs, score_list))] += 1
    return [int(count) for count in counts]


def multiply_signs(score_list):
    """The same for many rounds: coefficients of the product of (1 + x^score), in whole numbers."""
    counts = np.array([1], dtype=object)
    for score in score_list:
        longer = np.zeros(len(counts) + score, dtype=object)
        longer[: len(counts)] += counts
        longer[score:] += counts
        counts = longer
    return list(counts)


LAWS = {}


def tail(rounds, cap, statistic):
    key = (rounds, cap)
    if key not in LAWS:
        score_list = scores(rounds, cap)
        counts = count_signs(score_list) if rounds <= 12 else multiply_signs(score_list)
        assert sum(counts) == 2**rounds
        sums, running = [0] * len(counts), 0
        for index in range(len(counts) - 1, -1, -1):
            running += counts[index]
            sums[index] = running
        LAWS[key] = sums
    return Fraction(LAWS[key][statistic], 2**rounds)


def p_greater(differences, theta, cap):
    return tail(len(differences), cap, observed(differences, Fraction(theta), cap))


def lower_bound(differences, alpha, cap):
    """Walks every mean of two differences and asks for the p-value a hair below it."""
    exact = [Fraction(float(d)) for d in differences]
    means = sorted({(a + b) / 2 for a in exact for b in exact})
    hair = min((b - a for a, b in zip(means, means[1:])), default=Fraction(1)) / 1000
    ruled_out = [m for m in means if p_greater(exact, m - hair, cap) <= Fraction(alpha)]
    assert ruled_out == means[: len(ruled_out)], "the p-value is not monotone"
    return float(ruled_out[-1]) if ruled_out else -math.inf


def signed_rank_case(differences, theta, alpha, cap, bounds=True):
    differences = [float(d) for d in differences]
    mirrored = [-d for d in differences]
    case = {"differences": differences, "theta": theta, "alpha": alpha, "cap": cap,
            "greater": p_greater(differences, theta, cap), "less": p_greater(mirrored, -theta, cap)}
    if bounds:
        case["bounds"] = [lower_bound(differences, alpha, cap), -lower_bound(mirrored, alpha, cap)]
    return case


def signed_rank():
    rng = np.random.default_rng(2)
    small, large, wilcoxon = [], [], []
    for differences in samples(rng, (1, 2, 3, 5, 8, 10, 12), 1):
        for cap in CAPS:
            theta = float(rng.choice([0.0, 0.0, 1 / 64, math.log(1.02), float(differences[0])]))
            alpha = float(rng.choice([0.3, 0.1, 0.05, 0.01, 0.001]))
            small.append(signed_rank_case(differences, theta, alpha, cap))
    for rounds in (16, 20, 32, 64, 120):
        for cap in CAPS:
            for shift in (0.0, 0.01, 0.03, 0.1):
                differences = rng.normal(shift, 0.03, rounds).round(6)
                large.append(signed_rank_case(differences, math.log(1.02), 0.01, cap, bounds=rounds <= 20))
    for cap in CAPS:
        large.append(signed_rank_case(rng.normal(0.02, 0.03, 500).round(6), math.log(1.02), 0.01, cap, bounds=False))
    for rounds in (1, 2, 3, 4, 6, 10, 14, 20, 25, 32, 40):
        for _ in range(5):
            differences = rng.normal(0.3, 1, rounds)
            walsh = [(a + b) / 2 for i, a in enumerate(differences) for b in differences[i:]]
            wilcoxon.append({
                "differences": differences, "hodges_lehmann": np.median(walsh),
                "greater": stats.wilcoxon(differences, alternative="greater", method="exact").pvalue,
                "less": stats.wilcoxon(differences, alternative="less", method="exact").pvalue,
            })
    write("signed_rank_small", small)
    write("signed_rank_large", large)
    write("wilcoxon", wilcoxon)


# --- multiplicity --------------------------------------------------------------------------------


def weighted_holm_by_closure(p, weights, alpha):
    """Rejects what every group of hypotheses that contains it rejects by weighted Bonferroni."""
    size = len(p)
    rejected = []
    for target in range(size):
        groups = (g for n in range(1, size + 1) for g in itertools.combinations(range(size), n) if target in g)
        rejected.append(all(any(p[i] <= alpha * weights[i] / sum(weights[j] for j in g) for i in g) for g in groups))
    return rejected


def adjusted_by_closure(p, weights):
    """The least level at which the closure rejects: the largest group-wise weighted Bonferroni p-value."""
    size = len(p)
    return [max(min(1.0, min(p[i] * sum(weights[j] for j in g) / weights[i] for i in g))
                for n in range(1, size + 1) for g in itertools.combinations(range(size), n) if target in g)
            for target in range(size)]


def multiplicity():
    rng = np.random.default_rng(3)
    cases = []
    for size in (1, 1, 2, 3, 4, 5, 6, 7, 8):
        for kind in range(7):
            p = rng.random(size) ** (1 + kind)
            if kind == 1:
                p = (p * 8).round() / 8
            if kind == 2:
                p = np.full(size, 0.01)
            weights = rng.integers(1, 9, size) / 4
            cases.append({
                "p_values": p, "weights": weights, "alpha": 0.05,
                "holm": adjusted_by_closure(p, np.ones(size)),
                "holm_weighted": adjusted_by_closure(p, weights),
                "rejected_weighted": weighted_holm_by_closure(p, weights, 0.05),
                "benjamini_hochberg": stats.false_discovery_control(p, method="bh"),
            })
    write("multiplicity", cases)


# --- planning and prediction ---------------------------------------------------------------------

KAPPA = {"third": 1.10, "uncapped": math.sqrt(math.pi / 3), "sign": math.sqrt(math.pi / 2)}


def detectable(rounds, sd, alpha, power, cap, margin):
    if Fraction(1, 2**rounds) > Fraction(alpha) or rounds < 2:
        return math.inf
    return margin + (stats.t.isf(alpha, rounds - 1) + stats.t.ppf(power, rounds - 1)) * KAPPA[cap] * sd / math.sqrt(rounds)


def planning():
    rng = np.random.default_rng(4)
    cases = []
    for index in range(80):
        cap = list(CAPS)[index % 3]
        sd = float(rng.choice([0.0, 0.005, 0.011, 0.02, 0.05, 0.21]))
        alpha = float(rng.choice([0.05, 0.01, 1e-3, 2.5e-4, 1e-6]))
        power = float(rng.choice([0.8, 0.95, 0.99]))
        margin, budget, rounds = math.log(1.02), math.log(float(rng.choice([1.03, 1.05, 1.1]))), int(rng.integers(1, 121))
        needed = next((r for r in range(1, 501) if detectable(r, sd, alpha, power, cap, margin) <= budget), None)
        family, looks = int(rng.integers(1, 2000)), int(rng.integers(1, 6))
        cases.append({
            "cap": cap, "noise_sd": sd, "alpha": alpha, "power": power, "margin": margin, "target": budget, "rounds": rounds,
            "detectable": detectable(rounds, sd, alpha, power, cap, margin), "needed_of_500": needed,
            "family": family, "looks": looks,
            "rounds_min": next(r for r in range(1, 100) if Fraction(1, 2**r) * family * looks <= Fraction(alpha)),
        })
    write("planning", cases)


def prediction():
    rng = np.random.default_rng(5)
    cases = []
    for size in (1, 2, 3, 5, 9, 10, 11, 20, 60):
        for kind in range(7):
            history = rng.normal(-7, 0.03, size)
            if kind == 1:
                history = np.full(size, -7.0)
            if kind == 2:
                history[0] += 1.0
            head, alpha = float(rng.normal(-6.95, 0.1)), float(rng.choice([0.05, 0.01, 1e-4]))
            prior_sd, prior_df = (0.05, 3.0) if kind % 2 else (0.015, 4.0)
            if size >= 10:
                centre, df = np.median(history), 0.7 * (size - 1)
                scale = max(biweight_sd(history), 0.003)
                spread = scale * math.sqrt(1 + math.pi / 2 / size)
            else:
                centre, df = np.mean(history), prior_df + size - 1
                own = np.var(history, ddof=1) * (size - 1) if size > 1 else 0.0
                scale = math.sqrt((prior_df * prior_sd**2 + own) / df)
                spread = scale * math.sqrt(1 + 1 / size)
            reach = stats.t.isf(alpha, df) * spread
            cases.append({
                "history": history, "head": head, "alpha": alpha, "prior_sd": prior_sd, "prior_degrees_of_freedom": prior_df,
                "effect": head - centre, "lower": head - centre - reach, "upper": head - centre + reach,
                "scale": scale, "degrees_of_freedom": df,
            })
    write("prediction", cases)


def bimodality():
    rng = np.random.default_rng(6)
    cases = []
    for size in (10, 11, 16, 20, 33, 64):
        for distance in (0.0, 0.0, 2.0, 4.0, 6.0, 9.0, 12.0, 30.0, None):
            values = rng.normal(0, 1, size).round(6)
            if distance is None:
                values = rng.integers(0, 2, size).astype(float)
            else:
                values += distance * (rng.random(size) < 0.35)
            low, high = math.ceil(0.15 * size), math.floor(0.85 * size)
            ordered = sorted(values)
            gap, below = max((ordered[k] - ordered[k - 1], -k) for k in range(max(low, 2), min(high, size - 2) + 1))
            below = -below
            halves = ordered[:below], ordered[below:]
            pooled = math.sqrt(sum(np.var(half, ddof=0) * len(half) for half in halves) / (size - 2))
            cases.append({"values": values, "gap": gap, "below": below, "pooled_sd": pooled, "bimodal": bool(gap > 3 * pooled)})
    write("bimodal", cases)


# --- unpaired, rates, trends, changes ------------------------------------------------------------


def mann_whitney():
    rng = np.random.default_rng(7)
    cases = []
    for sizes in ((1, 1), (1, 4), (2, 3), (5, 5), (4, 7), (6, 6)):
        for kind in range(5):
            base, head = (rng.integers(0, 6, size) / 4 if kind % 2 else rng.normal(0, 1, size).round(6) for size in sizes)
            pool, size = [*head, *base], len(head)
            ranks = stats.rankdata(pool)
            sums = [sum(ranks[i] for i in part) for part in itertools.combinations(range(len(pool)), size)]
            greater = Fraction(sum(s >= sum(ranks[:size]) for s in sums), len(sums))
            cases.append({"base": base, "head": head, "greater": greater})
    for sizes, method in (((10, 10), "exact"), ((20, 31), "exact"), ((50, 50), "exact"), ((60, 70), "asymptotic"), ((300, 20), "asymptotic")):
        for kind in range(5):
            base, head = rng.normal(0, 1, sizes[0]), rng.normal(kind / 8, 1, sizes[1])
            if method == "asymptotic":
                base, head = base.round(1), head.round(1)
            cases.append({"base": base, "head": head, "greater": stats.mannwhitneyu(head, base, alternative="greater", method=method).pvalue})
    write("mann_whitney", cases)


def rates():
    rng = np.random.default_rng(8)
    cases = []
    for index in range(80):
        trials = [int(10 ** rng.uniform(0, 5)) for _ in range(2)]
        counts = [int(rng.integers(0, min(n, 40) + 1)) if index % 4 else 0 for n in trials]
        counts[index % 2] = min(trials[index % 2], counts[index % 2] + index % 3)
        (base, head), (base_trials, head_trials) = counts, trials
        alpha, ratio = float(rng.choice([0.3, 0.05, 0.025, 0.001])), float(rng.choice([0.5, 1.0, 1.1, 3.0]))
        share = Fraction(ratio) * head_trials / (Fraction(ratio) * head_trials + base_trials)
        total, exposure = base + head, base_trials / head_trials
        odds = lambda pi: pi / (1 - pi) * exposure
        table = np.array([counts, np.subtract(trials, counts)])
        spread = 0 < total < sum(trials)
        exact = lambda side: stats.binomtest(head, head_trials, alternative=side).proportion_ci(1 - alpha, "exact")
        share_interval = lambda side: stats.binomtest(head, total, alternative=side).proportion_ci(1 - alpha, "exact") if total else None
        cases.append({
            "base": (base, base_trials), "head": (head, head_trials), "alpha": alpha, "ratio": ratio,
            "proportion": (exact("greater").low, exact("less").high),
            "p_value": stats.binomtest(head, total, float(share), alternative="greater").pvalue if total else 1.0,
            "lower": odds(share_interval("greater").low) if head else 0.0,
            "upper": odds(share_interval("less").high) if base else math.inf,
            "dispersion": stats.chi2_contingency(table, correction=False).statistic if spread else None,
        })
    write("rates", cases)


def trend():
    rng = np.random.default_rng(9)
    cases = []
    for size in (3, 4, 7, 10, 25, 50, 51, 90):
        for kind in range(7):
            noise = rng.normal(0, 1, size)
            if kind == 1:
                noise = np.cumsum(noise)
            if kind == 2:
                noise = noise.round()
            if kind == 3:
                noise[0] += 50
            values = noise + np.arange(size) * float(rng.choice([0.0, 0.05, -0.1]))
            times = np.arange(size) * 2.0 if kind < 5 else np.sort(rng.integers(0, size + 2, size)).astype(float)
            times[-1] += 1
            confidence = float(rng.choice([0.8, 0.95, 0.99]))
            slope = stats.theilslopes(values, times, confidence)
            plain = pymannkendall.original_test(values)
            inflated = max(plain.var_s, pymannkendall.hamed_rao_modification_test(values).var_s if size > 3 else 0)
            tail = lambda variance: stats.norm.sf((plain.s - np.sign(plain.s)) / math.sqrt(variance)) if variance > 0 else 1.0
            counted = size <= 50 and len(set(values)) == size
            exact = lambda: stats.kendalltau(np.arange(size), values, alternative="greater", method="exact").pvalue
            cases.append({
                "times": times, "values": values, "confidence": confidence,
                "slope": slope.slope, "lower": slope.low_slope, "upper": slope.high_slope, "score": int(plain.s),
                "greater": exact() if counted else tail(plain.var_s), "greater_dependent": tail(inflated),
            })
    write("trend", cases)


def partitions(count, shortest=5):
    """Every way to cut into parts of at least five, as the places where parts start."""
    yield (0,)
    for last in range(shortest, count - shortest + 1):
        for rest in partitions(last, shortest):
            yield (*rest, last)


def changepoint():
    rng = np.random.default_rng(10)
    cases = []
    for size in (10, 11, 15, 20, 26):
        for kind in range(11):
            values = rng.normal(0, 0.3 if kind > 7 else 1, size).round(1 if kind == 1 else 6)
            values[size // 2:] += (0, 0, 0, 1, 2, 4, 8, -4, 3, 3, 3)[kind]
            if kind > 8 and size > 15:
                values[-6:] -= 9
            z = (stats.rankdata(values) / size - 0.5) * math.sqrt(12)
            cost = lambda starts: sum(np.var(z[a:b]) * (b - a) for a, b in zip(starts, (*starts[1:], size)))
            best = min(partitions(size), key=lambda starts: (cost(starts) + 3 * math.log(size) * len(starts), starts))
            ranks = (2 * stats.rankdata(values)).astype(int) - size - 1
            k = np.arange(5, size - 4)
            statistic = lambda r: (np.cumsum(r, axis=-1)[..., k - 1] ** 2 / (k * (size - k))).max(axis=-1)
            shuffled = statistic(rng.permuted(np.tile(ranks, (4000, 1)), axis=1))
            cases.append({"values": values, "starts": best, "p_value": (1 + int((shuffled >= statistic(ranks)).sum())) / 4001})
    write("changepoint", cases)


if __name__ == "__main__":
    for generate in (summaries, student_t, signed_rank, multiplicity, planning, prediction, bimodality,
                     mann_whitney, rates, trend, changepoint):
        generate()
