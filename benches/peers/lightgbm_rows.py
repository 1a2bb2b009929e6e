"""The models and rows that `cargo bench --bench models` wrote, scored by LightGBM itself: a row at a time by its fastest call, and at once.

    pip install lightgbm numpy
    python3 benches/peers/lightgbm_rows.py TARGET_FOLDER/tmp/models
"""
import ctypes
import pathlib
import sys
import time

import lightgbm
import numpy

folder = pathlib.Path(sys.argv[1])
rows = numpy.ascontiguousarray(numpy.genfromtxt(folder / "rows.csv", delimiter=",", skip_header=1))
for name in ("200_trees", "800_trees"):
    booster = lightgbm.Booster(model_file=str(folder / f"{name}.txt"))
    scores = booster.num_model_per_iteration()
    library, handle = lightgbm.basic._LIB, booster._handle
    fast = ctypes.c_void_p()
    assert library.LGBM_BoosterPredictForMatSingleRowFastInit(handle, 0, 0, -1, 1, rows.shape[1], b"num_threads=1", ctypes.byref(fast)) == 0
    out, length = (ctypes.c_double * scores)(), ctypes.c_int64()
    call, base = library.LGBM_BoosterPredictForMatSingleRowFast, rows.ctypes.data
    took = []
    for n in range(len(rows)):
        pointer = ctypes.c_void_p(base + n * rows.shape[1] * 8)
        begun = time.perf_counter_ns()
        call(fast, pointer, ctypes.byref(length), out)
        took.append(time.perf_counter_ns() - begun)
    took.sort()
    print(f"{name}: one row p50 {took[len(took) // 2] / 1000:.2f} µs, p99 {took[len(took) * 99 // 100] / 1000:.2f} µs (with the call from Python)")
    seconds = []
    for _ in range(5):
        begun = time.perf_counter()
        predicted = booster.predict(rows, num_threads=1)
        seconds.append(time.perf_counter() - begun)
    print(f"{name}: {len(rows)} rows at once, one thread: {len(rows) / min(seconds):.0f} rows/s")
