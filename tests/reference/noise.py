"""Writes tests/fixtures/noise/rules.json: what the rules of other tools must come to, from SciPy and NumPy.

    pip install -r tests/reference/requirements.txt && python tests/reference/noise.py

Deterministic but for the last digits of the bootstrap, which the test allows for.
"""

import json
import pathlib

import numpy as np
from scipy import stats

OUT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "noise" / "rules.json"
RESAMPLES = 20_000


def welch_t(base, head):
    error = base.var(axis=-1, ddof=1) / base.shape[-1] + head.var(axis=-1, ddof=1) / head.shape[-1]
    return (head.mean(axis=-1) - base.mean(axis=-1)) / np.sqrt(error)


def criterion(rng, base, head):
    together = np.concatenate([base, head])
    drawn = rng.choice(together, (RESAMPLES, together.size))
    null = welch_t(drawn[:, : base.size], drawn[:, base.size :])
    above = np.mean(null > welch_t(base, head))
    change = rng.choice(head, (RESAMPLES, head.size)).mean(axis=1) / rng.choice(base, (RESAMPLES, base.size)).mean(axis=1) - 1
    return 2 * min(above, 1 - above), *np.quantile(change, [0.025, 0.975])


def case(rng, base, head):
    base, head = np.round(base, 3), np.round(head, 3)
    difference = head - base
    p_criterion, lower, upper = criterion(rng, base, head)
    method = "exact" if len(set(base) | set(head)) == base.size + head.size and base.size <= 50 else "asymptotic"
    return {
        "base": base.tolist(),
        "head": head.tolist(),
        "welch": float(stats.ttest_ind(base, head, equal_var=False).pvalue),
        # Only where nothing is tied: SciPy does not count ties exactly.
        "whitney": float(stats.mannwhitneyu(base, head, method="exact").pvalue) if method == "exact" else None,
        "tango_z": float(difference.mean() / (difference.std(ddof=1) / np.sqrt(difference.size))),
        "criterion_p": float(p_criterion),
        "criterion_lower": float(lower),
        "criterion_upper": float(upper),
    }


def main():
    rng = np.random.default_rng(1)
    cases = []
    for size in (5, 10, 20, 40):
        for shift in (0, 0.01, 0.03, 0.05, 0.2):
            scale = 100 * (1 + shift)
            cases.append(case(rng, rng.normal(100, 2, size), scale * rng.normal(1, 0.02, size)))
            cases.append(case(rng, rng.lognormal(4.6, 0.05, size), rng.lognormal(4.6 + shift, 0.2, size)))
            cases.append(case(rng, 100 + rng.standard_exponential(size), scale + 3 * rng.standard_exponential(size)))
    assert len(cases) >= 50
    OUT.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases) + "\n]\n")


main()
