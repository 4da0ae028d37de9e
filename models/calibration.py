"""Calibration of a classifier's raw score by Platt's method: two numbers, monotone, the same for few rows and many."""

import numpy as np
from sklearn.linear_model import LogisticRegression


def fit_calibration(raw: np.ndarray, happened: np.ndarray) -> dict[str, float]:
    """probability = 1 / (1 + exp(-(slope · raw + intercept))). Both outcomes must be among `happened`."""
    model = LogisticRegression(C=1e6, max_iter=1000).fit(raw.reshape(-1, 1), happened)
    # A slope of 0 or less would turn the order round: a model without signal keeps its order.
    slope = max(float(model.coef_[0, 0]), 0.1)
    return {"slope": round(slope, 9), "intercept": round(float(model.intercept_[0]), 9)}


def calibrated(raw: np.ndarray, calibration: dict[str, float]) -> np.ndarray:
    return 1 / (1 + np.exp(-(calibration["slope"] * raw + calibration["intercept"])))
