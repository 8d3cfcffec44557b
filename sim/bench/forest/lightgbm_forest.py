"""Trains a gradient-boosted forest on one fold's matrices and scores its validation and test rows.

Called by forest_contender.ts with a folder: train.f32, train_label.u8, check.f32, check_label.u8, check_weight.f32,
score.f32 (rows of `features` 32-bit floats, those in the columns `categories` codes of names) and settings.json. Grows forests that see categories and such that do not.
Writes scores.f64, the mean log-odds of those that did better on the check, one a row of score.f32. Needs: pip install lightgbm
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


def matrices_with(seen):
    """Codes as places among those of training: LightGBM keeps a bit for every number up to a category's greatest."""
    matrices = [matrix(name) for name in ("train", "check", "score")]
    for column in settings["categories"]:
        codes = numpy.unique(matrices[0][:, column])
        for rows in matrices:
            place = numpy.minimum(numpy.searchsorted(codes, rows[:, column]), len(codes) - 1)
            places = numpy.where(codes[place] == rows[:, column], place, numpy.nan)
            rows[:, column] = places if column in seen else 0
    return matrices


train_label = numpy.fromfile(f"{folder}/train_label.u8", dtype=numpy.uint8)
check_label = numpy.fromfile(f"{folder}/check_label.u8", dtype=numpy.uint8)
check_weight = numpy.fromfile(f"{folder}/check_weight.f32", dtype=numpy.float32)


def average_precision(scores):
    order = numpy.argsort(-scores, kind="stable")
    weight = check_weight[order]
    frauds = numpy.cumsum(weight * check_label[order])
    found = weight * check_label[order] * frauds / numpy.cumsum(weight)
    return found.sum() / max(frauds[-1], 1e-9)


def grown(seen):
    """The mean log-odds of the forests, of the rows to check by and of those to score."""
    train_rows, check_rows, score_rows = matrices_with(seen)
    train = lightgbm.Dataset(train_rows, train_label, categorical_feature=seen)
    check = lightgbm.Dataset(check_rows, check_label, weight=check_weight, reference=train)
    on_check, on_score = numpy.zeros(len(check_rows)), numpy.zeros(len(score_rows))
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
        for rows, sums in ((check_rows, on_check), (score_rows, on_score)):
            sums += forest.predict(rows, raw_score=True, num_iteration=forest.best_iteration) / len(settings["seeds"])
    return on_check, on_score


varied = [column for column in settings["categories"] if len(numpy.unique(matrix("train")[:, column])) > 1]
choices = [grown(seen) for seen in ([[], varied] if varied else [[]])]
_, scores = max(choices, key=lambda choice: average_precision(choice[0]))
scores.tofile(f"{folder}/scores.f64")
