"""Medians of Optuna's TPE on standard functions, and its own cost: what the lab's TPE is held against.

    python3 benches/peers/tpe_optuna.py                # the table: median of the best value after 50, 100 and 200 trials, 30 seeds
    python3 benches/peers/tpe_optuna.py --cost         # milliseconds a trial over 200 trials with an objective that costs nothing

Needs Optuna (pip install optuna); says so where it is absent.
"""

import argparse
import math
import statistics
import sys
import time

try:
    import optuna
except ImportError:
    sys.exit("optuna is not installed; pip install optuna")

optuna.logging.set_verbosity(optuna.logging.ERROR)


def sphere(t):
    return sum(t.suggest_float(f"x{i}", -5.0, 5.0) ** 2 for i in range(3))


def rosenbrock(t):
    x, y = t.suggest_float("x0", -2.0, 2.0), t.suggest_float("x1", -2.0, 2.0)
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def branin(t):
    x, y = t.suggest_float("x0", -5.0, 10.0), t.suggest_float("x1", 0.0, 15.0)
    return (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6) ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
P = [
    [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
    [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
    [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
    [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
]
ALPHA = [1.0, 1.2, 3.0, 3.2]


def hartmann(t):
    x = [t.suggest_float(f"x{i}", 0.0, 1.0) for i in range(6)]
    return -sum(c * math.exp(-sum(a * (v - p) ** 2 for a, v, p in zip(row, x, centre))) for c, row, centre in zip(ALPHA, A, P))


def ackley(t):
    x = [t.suggest_float(f"x{i}", -32.768, 32.768) for i in range(3)]
    n = len(x)
    root = math.sqrt(sum(v * v for v in x) / n)
    wave = sum(math.cos(2 * math.pi * v) for v in x) / n
    return -20 * math.exp(-0.2 * root) - math.exp(wave) + 20 + math.e


def mixed(t):
    kind = t.suggest_categorical("kind", [0, 1, 2])
    bars = t.suggest_int("bars", 1, 60)
    rate = t.suggest_float("rate", 1e-4, 1.0, log=True)
    x = t.suggest_float("x", -3.0, 3.0)
    centre = [-1.0, 0.5, 2.0][kind]
    return [1.0, 0.0, 0.5][kind] + ((bars - 17) / 10) ** 2 + (math.log10(rate) + 2) ** 2 + (x - centre) ** 2


FUNCTIONS = {"sphere": sphere, "rosenbrock": rosenbrock, "branin": branin, "hartmann": hartmann, "ackley": ackley, "mixed": mixed}


def best_after(values, counts):
    return [min(values[:n]) for n in counts]


def medians(function, seeds, counts, **options):
    rows = []
    for seed in range(seeds):
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, **options))
        study.optimize(function, n_trials=max(counts))
        rows.append(best_after([t.value for t in study.trials], counts))
    return [statistics.median(column) for column in zip(*rows)]


def cost(trials=200):
    def nothing(t):
        return t.suggest_int("fast", 5, 50) - t.suggest_float("threshold", 20, 80) + 0 * (t.suggest_int("slow", 60, 250) + t.suggest_int("rsi", 5, 30))

    for name, options in (("default", {}), ("univariate", {"multivariate": False})):
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1, **options))
        began = time.perf_counter()
        study.optimize(nothing, n_trials=trials)
        print(f"{name}: {(time.perf_counter() - began) / trials * 1e3:.3f} ms a trial over {trials} trials")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--cost", action="store_true")
    args = parser.parse_args()
    print(f"optuna {optuna.__version__}, TPESampler")
    if args.cost:
        cost()
        return
    counts = (50, 100, 200)
    for name, function in FUNCTIONS.items():
        for label, options in (("default", {}), ("univariate", {"multivariate": False})):
            told = "  ".join(f"{value:.6g}" for value in medians(function, args.seeds, counts, **options))
            print(f"{name:11}{label:13}{told}", flush=True)


if __name__ == "__main__":
    main()
