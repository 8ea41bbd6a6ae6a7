"""Trains a ridge regression on the rows of a folder and keeps it as JSON: ten weights and an intercept."""

import argparse
import json
from pathlib import Path

import mlflow
import pandas as pd
from sklearn.linear_model import Ridge


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--alpha", type=float, required=True)
    parser.add_argument("--model", type=Path, required=True)
    arguments = parser.parse_args()
    rows = pd.read_csv(arguments.rows / "rows.csv").set_index("ID")
    model = Ridge(alpha=arguments.alpha).fit(rows.drop(columns="Y"), rows["Y"])
    with mlflow.start_run():
        mlflow.log_param("alpha", arguments.alpha)
    arguments.model.mkdir(parents=True, exist_ok=True)
    weights = dict(zip(model.feature_names_in_, model.coef_))
    (arguments.model / "model.json").write_text(json.dumps({"intercept": model.intercept_, "weights": weights}))
    print(f"trained on {len(rows)} rows")


if __name__ == "__main__":
    main()
