"""Trains a ridge regression, logs it with MLflow and writes the hold-out predictions that the evaluation compares."""

import argparse

import mlflow
import mlflow.sklearn
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--alpha", type=float, required=True)
    arguments = parser.parse_args()

    data = pd.read_csv(arguments.data).set_index("ID")
    features, target = data.drop(columns="Y"), data["Y"]
    # The split never changes: every candidate is judged on the same hold-out rows.
    train_x, test_x, train_y, test_y = train_test_split(features, target, test_size=0.2, random_state=0)
    print(f"{len(train_x)} rows to train on, {len(test_x)} held out")

    with mlflow.start_run():
        mlflow.log_param("alpha", arguments.alpha)
        model = Ridge(alpha=arguments.alpha).fit(train_x, train_y)
        predicted = model.predict(test_x)
        metrics = {
            "mse": mean_squared_error(test_y, predicted),
            "mae": mean_absolute_error(test_y, predicted),
            "r2": r2_score(test_y, predicted),
        }
        mlflow.log_metrics(metrics)
        print(", ".join(f"{name} {value:.4f}" for name, value in metrics.items()))

        predictions = pd.DataFrame({"key": test_x.index, "truth": test_y.to_numpy(), "candidate": predicted})
        # The policy looks at the metric in these groups too.
        predictions["bmi"] = ["above average" if bmi > 0 else "below average" for bmi in test_x["BMI"]]
        predictions.to_csv("predictions.csv", index=False)
        mlflow.log_artifact("predictions.csv")
        mlflow.sklearn.log_model(
            model, "model", input_example=test_x.head(2), pip_requirements=["scikit-learn", "pandas", "mlflow-skinny<3"]
        )


if __name__ == "__main__":
    main()
