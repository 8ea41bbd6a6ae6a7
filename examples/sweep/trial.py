"""One trial of the sweep: fits on growing shares of the rows and logs the error after each, so that bad trials end early."""

import argparse

import mlflow
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--alpha", type=float, required=True)
    parser.add_argument("--solver", required=True)
    arguments = parser.parse_args()
    data = pd.read_csv(arguments.data).set_index("ID")
    train, test = train_test_split(data, test_size=0.2, random_state=0)
    with mlflow.start_run():
        for step, share in enumerate((0.25, 0.5, 1.0)):
            rows = train.head(int(len(train) * share))
            model = Ridge(alpha=arguments.alpha, solver=arguments.solver).fit(rows.drop(columns="Y"), rows["Y"])
            error = mean_squared_error(test["Y"], model.predict(test.drop(columns="Y")))
            mlflow.log_metric("mse", error, step=step)
            print(f"{len(rows)} rows: mse {error:.1f}")


if __name__ == "__main__":
    main()
