"""Scores the held-out rows: writes the predictions and logs the error."""

import argparse
import json
from pathlib import Path

import mlflow
import pandas as pd
from sklearn.metrics import mean_squared_error


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--predictions", type=Path, required=True)
    arguments = parser.parse_args()
    model = json.loads((arguments.model / "model.json").read_text())
    rows = pd.read_csv(arguments.rows / "rows.csv").set_index("ID")
    candidate = model["intercept"] + sum(rows[name] * weight for name, weight in model["weights"].items())
    with mlflow.start_run():
        mlflow.log_metric("mse", mean_squared_error(rows["Y"], candidate))
    arguments.predictions.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame({"key": rows.index, "truth": rows["Y"], "candidate": candidate})
    table.to_csv(arguments.predictions / "predictions.csv", index=False)
    print(f"scored {len(rows)} rows")


if __name__ == "__main__":
    main()
