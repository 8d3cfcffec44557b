"""Trains a gradient-boosted forest on one fold's matrices and scores its validation and test rows.

Called by forest_contender.ts with a folder: train.f32, train_label.u8, check.f32, check_label.u8, check_weight.f32,
score.f32 (rows of `features` 32-bit floats, those in the columns `categories` codes of names, those in `unseen` left out) and settings.json. Writes scores.f64, the mean log-odds of the forests,
one a row of score.f32. Needs: pip install lightgbm
"""

import json
import sys

import lightgbm
import numpy

folder = sys.argv[1]
with open(f"{folder}/settings.json") as file:
    settings = json.load(file)
features = settings["features"]


def matrix(name):
    return numpy.fromfile(f"{folder}/{name}.f32", dtype=numpy.float32).reshape(-1, features)


train_rows = matrix("train")
known = {column: numpy.unique(train_rows[:, column]) for column in settings["categories"]}


def with_places(rows):
    """Codes as places among those of training: LightGBM keeps a bit for every number up to a category's greatest."""
    rows[:, settings["unseen"]] = 0
    for column, codes in known.items():
        place = numpy.minimum(numpy.searchsorted(codes, rows[:, column]), len(codes) - 1)
        rows[:, column] = numpy.where(codes[place] == rows[:, column], place, numpy.nan)
    return rows


train = lightgbm.Dataset(
    with_places(train_rows),
    numpy.fromfile(f"{folder}/train_label.u8", dtype=numpy.uint8),
    categorical_feature=settings["categories"],
)
check = lightgbm.Dataset(
    with_places(matrix("check")),
    numpy.fromfile(f"{folder}/check_label.u8", dtype=numpy.uint8),
    weight=numpy.fromfile(f"{folder}/check_weight.f32", dtype=numpy.float32),
    reference=train,
)
rows = with_places(matrix("score"))
scores = numpy.zeros(len(rows))
for seed in settings["seeds"]:
    forest = lightgbm.train(
        {
            "objective": "binary",
            "metric": "average_precision",
            "learning_rate": 0.04,
            "num_leaves": 31,
            "min_data_in_leaf": 20,
            "lambda_l2": 5.0,
            "feature_fraction": 0.5,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "num_threads": settings["threads"],
            "deterministic": True,
            "seed": seed,
            "verbosity": -1,
        },
        train,
        num_boost_round=600,
        valid_sets=[check],
        callbacks=[lightgbm.early_stopping(60, verbose=False)],
    )
    scores += forest.predict(rows, raw_score=True, num_iteration=forest.best_iteration) / len(settings["seeds"])
scores.tofile(f"{folder}/scores.f64")
