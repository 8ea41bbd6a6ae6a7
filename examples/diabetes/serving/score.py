"""Answers {"data": [[10 features], ...]} with {"predictions": [...]}; runs in the container and on the managed endpoint."""

import json
import os
from pathlib import Path

import mlflow.sklearn
import pandas as pd

FEATURES = ["AGE", "SEX", "BMI", "BP", "S1", "S2", "S3", "S4", "S5", "S6"]
model = None


def init() -> None:
    global model
    # The model's folder lies somewhere below: its depth differs between a container and a managed endpoint.
    description = next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("MLmodel"))
    model = mlflow.sklearn.load_model(str(description.parent))


def run(raw: str) -> dict:
    rows = pd.DataFrame(json.loads(raw)["data"], columns=FEATURES)
    return {"predictions": [float(value) for value in model.predict(rows)]}
