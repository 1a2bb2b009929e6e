"""A thousand pairs of moving averages over a hundred thousand bars: the whole `cthulu-lab sweep` process, and vectorbt where it is installed.

Prints one line a measurement: the best wall time of several, the CPU time of that run, and the peak memory of the process; then what each
found, which is to be the same. Bought is at the open after the fast average has crossed above the slow one, sold at the open after it has
crossed below, all in, long only, 0.02 % a deal; an open position is marked at the last close.
"""
import argparse
import csv
import datetime
import os
import random
import subprocess
import sys
import tempfile

BARS, CASH, FEE = 100_000, 10_000.0, 0.0002
PAIRS = [(fast, slow) for fast in range(5, 55, 2) for slow in range(60, 260, 5)]

EXPERIMENT = """strategy = "sma_crossover"
[[data]]
path = '{path}'
symbol = "WALK"
[account]
cash = {cash}
[costs]
commission_fraction = {fee}
[search]
method = "grid"
objective = "final_equity"
[search.space]
fast = {{ min = 5, max = 53, step = 2 }}
slow = {{ min = 60, max = 255, step = 5 }}
"""

# A child's peak memory counts that of the process it was forked from, so a small interpreter starts it, not this one.
STARTER = """
import os, subprocess, sys, time
begun = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(status, time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
"""

VECTORBT = """
import csv, sys
import numpy as np, pandas as pd, vectorbt as vbt
path, cash, fee, out = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
frame = pd.read_csv(path)
frame.index = pd.to_datetime(frame.pop("timestamp"))
pairs = [(fast, slow) for fast in range(5, 55, 2) for slow in range(60, 260, 5)]
with open(out, "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["fast", "slow", "final_equity", "trades"])
    for first in range(0, len(pairs), 100):
        part = pairs[first:first + 100]
        fast, slow = zip(*part)
        fast = vbt.MA.run(frame["close"], list(fast), short_name="fast", run_unique=True)
        slow = vbt.MA.run(frame["close"], list(slow), short_name="slow", run_unique=True)
        enter, leave = (x.shift(1, fill_value=False) for x in (fast.ma_crossed_above(slow), fast.ma_crossed_below(slow)))
        book = vbt.Portfolio.from_signals(frame["close"], enter, leave, price=frame["open"], size=np.inf, fees=fee, init_cash=cash,
                                          direction="longonly", freq="1min")
        rows.writerows([*pair, equity, trades] for pair, equity, trades in
                       zip(part, book.final_value().to_numpy(), book.trades.closed.count().to_numpy()))
"""


def walk(path):
    """Minutes of a random walk with eight decimals, seed 42."""
    draw, last = random.Random(42), 1.1
    begun = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
    with open(path, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        for i in range(BARS):
            steps = [last]
            for _ in range(4):
                steps.append(steps[-1] * (1 + draw.gauss(0, 5e-5)))
            at = (begun + datetime.timedelta(minutes=i)).strftime("%Y-%m-%dT%H:%M:%SZ")
            rows.writerow([at, *(f"{price:.8f}" for price in (steps[0], max(steps), min(steps), steps[-1])), 1000])
            last = steps[-1]


def measured(command, runs):
    """The run with the least wall time: (wall, cpu, peak MB)."""
    def once():
        told = subprocess.run([sys.executable, "-S", "-c", STARTER, *command], capture_output=True, text=True, check=True).stdout
        status, *figures = map(float, told.split())
        if status != 0:
            sys.exit(f"failed: {' '.join(command)}")
        return tuple(figures)
    return min(once() for _ in range(runs))


def tell(what, figures, found):
    wall, cpu, peak = figures
    equity = {(int(float(row["fast"])), int(float(row["slow"]))): float(row["final_equity"]) for row in found}
    trades = sum(int(float(row["trades"])) for row in found)
    best = max(equity, key=equity.get)
    if sorted(equity) != PAIRS:
        sys.exit(f"{what} did not play the thousand pairs")
    print(f"{what:<44} wall {wall:7.3f} s  cpu {cpu:7.3f} s  peak {peak:6.0f} MB")
    print(f"    equities add up to {sum(equity.values()):.4f}, closed trades to {trades}; best {best} with {equity[best]:.6f}")


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def has(module):
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab", default="target/release/cthulu-lab", help="the program")
    parser.add_argument("--runs", type=int, default=5, help="runs of the lab, of which the best is told")
    parser.add_argument("--data", help="a file of 100,000 bars to use in place of the walk made here")
    args = parser.parse_args()
    lab = os.path.abspath(args.lab)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.abspath(args.data) if args.data else os.path.join(folder, "walk.csv")
        if not args.data:
            walk(path)
        experiment, run = os.path.join(folder, "pairs.toml"), os.path.join(folder, "run")
        with open(experiment, "w") as file:
            file.write(EXPERIMENT.format(path=path, cash=CASH, fee=FEE))
        command = [lab, "sweep", experiment, "--no-report", "--fresh", "--out", run, "--json"]
        tell("cthulu-lab sweep, whole process, no report", measured(command, args.runs), rows(os.path.join(run, "trials.csv")))
        if has("vectorbt"):
            out = os.path.join(folder, "vectorbt.csv")
            figures = measured([sys.executable, "-c", VECTORBT, path, str(CASH), str(FEE), out], 1)
            tell("vectorbt, whole process, 100 pairs at a time", figures, rows(out))


if __name__ == "__main__":
    main()
