"""Splits the rows into those to train on and those held out, always the same ones."""

import argparse
from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--share", type=float, required=True)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    arguments = parser.parse_args()
    parts = train_test_split(pd.read_csv(arguments.data), test_size=arguments.share, random_state=0)
    for folder, rows in zip((arguments.train, arguments.test), parts):
        folder.mkdir(parents=True, exist_ok=True)
        rows.to_csv(folder / "rows.csv", index=False)
        print(f"{len(rows)} rows in {folder.name}")


if __name__ == "__main__":
    main()
