"""A million bars: read by polars alone, and run through the whole cthulu-lab process, from Parquet and from CSV.

Prints one line a measurement: the best wall time of several, the CPU time of that run, and the peak memory of the process.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import polars as pl

BARS = 1_000_000


def walk(bars):
    """Minutes of a random walk with eight decimals, seed 42; twelve steps make each bar."""
    rng = np.random.default_rng(42)
    steps = rng.standard_normal((bars, 12)) * 1e-4 / np.sqrt(12)
    path = np.cumsum(steps, axis=1)
    opens = np.concatenate(([0.0], np.cumsum(path[:, -1])[:-1]))
    price = lambda log: np.round(1.1 * np.exp(log), 8)
    frame = {
        "timestamp": 1_704_067_200_000 + np.arange(bars, dtype=np.int64) * 60_000,
        "open": price(opens),
        "high": price(opens + np.maximum(path.max(axis=1), 0)),
        "low": price(opens + np.minimum(path.min(axis=1), 0)),
        "close": price(opens + path[:, -1]),
        "volume": np.floor(rng.random(bars) * 1e6),
    }
    return pl.DataFrame(frame)


def best(runs, work):
    """The run with the least wall time: (wall, cpu, peak MB or None)."""
    return min(work() for _ in range(runs))


def in_process(read):
    def work():
        wall, cpu = time.perf_counter(), time.process_time()
        read()
        return time.perf_counter() - wall, time.process_time() - cpu, None
    return work


# A child's peak memory counts that of the process it was forked from, so a small interpreter starts it, not this one.
STARTER = """
import os, subprocess, sys, time
begun = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(status, time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
"""


def whole_process(command):
    def work():
        told = subprocess.run([sys.executable, "-S", "-c", STARTER, *command], capture_output=True, text=True, check=True).stdout
        status, *figures = map(float, told.split())
        if status != 0:
            sys.exit(f"failed: {' '.join(command)}")
        return tuple(figures)
    return work


def tell(what, wall, cpu, peak):
    memory = "" if peak is None else f"  peak {peak:6.0f} MB"
    print(f"{what:<58} wall {wall:6.3f} s  cpu {cpu:6.3f} s{memory}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab", default="target/release/cthulu-lab", help="the program")
    parser.add_argument("--runs", type=int, default=7, help="runs of each, of which the best is told")
    args = parser.parse_args()
    lab = os.path.abspath(args.lab)
    with tempfile.TemporaryDirectory() as folder:
        frame = walk(BARS)
        parquet, csv = os.path.join(folder, "walk.parquet"), os.path.join(folder, "walk.csv")
        frame.write_parquet(parquet, compression="snappy")
        frame.write_csv(csv)
        backtest = lambda file, *more: whole_process(
            [lab, "backtest", "--strategy", "sma_crossover", "--data", file, "--out", os.path.join(folder, "run"), "--json", *more])
        tell("polars, in process: Parquet", *best(args.runs, in_process(lambda: pl.read_parquet(parquet))))
        tell("polars, in process: CSV", *best(args.runs, in_process(lambda: pl.read_csv(csv))))
        tell("cthulu-lab, whole process: Parquet, no report", *best(args.runs, backtest(parquet, "--no-report")))
        tell("cthulu-lab, whole process: CSV, no report", *best(args.runs, backtest(csv, "--no-report")))
        tell("cthulu-lab, whole process: Parquet, consumers and report", *best(args.runs, backtest(parquet)))
        imported = lambda name: whole_process(
            [lab, "data", "import", csv, "--tz", "UTC", "--calendar", "24/7", "--out", os.path.join(folder, name)])
        tell("cthulu-lab, whole process: import of CSV into Parquet", *best(args.runs, imported("imported.parquet")))
        tell("cthulu-lab, whole process: import of CSV into CSV", *best(args.runs, imported("imported.csv")))


if __name__ == "__main__":
    main()
