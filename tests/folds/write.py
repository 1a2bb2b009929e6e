"""Writes references.json beside it: the folds of skfolio's and scikit-learn's splitters, as half-open row ranges. Needs both; run it here."""

import itertools
import json
import warnings

import numpy as np
import pandas as pd
from skfolio.model_selection import CombinatorialPurgedCV, WalkForward
from sklearn.model_selection import KFold, TimeSeriesSplit

warnings.simplefilter("ignore")


def ranges(rows):
    rows = np.sort(np.asarray(rows))
    parts = np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1)
    return [[int(part[0]), int(part[-1]) + 1] for part in parts if len(part)]


def case(name, rows, keys, splits):
    return {"name": name, "rows": rows, "keys": keys, "folds": [{"train": ranges(a), "test": ranges(b)} for a, b in splits]}


cases = []
for rows, train, test, purge, anchored, partial in itertools.product((12, 57), (6, 20), (2, 5), (0, 3), (False, True), (False, True)):
    if train + purge + test > rows:
        continue
    splitter = WalkForward(test_size=test, train_size=train, purged_size=purge, expand_train=anchored, reduce_test=partial)
    splits = list(splitter.split(np.zeros((rows, 1))))
    keys = {"scheme": "anchored" if anchored else "rolling", "train": train, "test": test, "purge_bars": purge, "partial": partial}
    cases.append(case("skfolio WalkForward", rows, keys, splits))

for count, test, gap in itertools.product((3, 5), (4, 10), (0, 2)):
    rows = 83
    splits = list(TimeSeriesSplit(n_splits=count, test_size=test, gap=gap).split(np.zeros((rows, 1))))
    keys = {"scheme": "anchored", "train": len(splits[0][0]), "test": test, "purge_bars": gap}
    cases.append(case("scikit-learn TimeSeriesSplit", rows, keys, splits))

for rows, groups in itertools.product((12, 57), (2, 5, 7)):
    cases.append(case("scikit-learn KFold", rows, {"scheme": "kfold", "groups": groups}, KFold(groups).split(np.zeros((rows, 1)))))

for rows, (groups, tested), purge, embargo in itertools.product((60, 127), ((3, 2), (6, 2), (5, 3), (10, 2)), (0, 3), (0, 2)):
    if purge + embargo >= rows // groups - 1:
        continue
    splitter = CombinatorialPurgedCV(n_folds=groups, n_test_folds=tested, purged_size=purge, embargo_size=embargo)
    splits = [(a, np.concatenate(b)) for a, b in splitter.split(np.zeros((rows, 1)))]
    keys = {"scheme": "cpcv", "groups": groups, "test_groups": tested, "purge_bars": purge, "embargo_bars": embargo}
    cases.append(case("skfolio CombinatorialPurgedCV", rows, keys, splits))

days = pd.date_range("2017-01-01", "2020-01-10", freq="D")
for train, test, purge in ((12, 3, 0), (12, 3, 24), (6, 1, 2), (3, 6, 5)):
    splitter = WalkForward(test_size=test, train_size=train, purged_size=purge, freq="MS")
    splits = list(splitter.split(pd.DataFrame({"x": 0.0}, index=days)))
    keys = {"scheme": "rolling", "train": f"{train}mo", "test": f"{test}mo", "purge_bars": purge}
    cases.append(case("skfolio WalkForward by months", len(days), keys, splits))

with open("references.json", "w") as out:
    out.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
print(len(cases))
