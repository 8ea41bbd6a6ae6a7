import argparse
import pathlib
import time

parser = argparse.ArgumentParser()
parser.add_argument("--alpha", type=float)
parser.add_argument("--out")
arguments = parser.parse_args()
print(f"alpha is {arguments.alpha}", flush=True)
# Long enough to be watched.
time.sleep(25)
folder = pathlib.Path(arguments.out)
folder.mkdir(parents=True, exist_ok=True)
(folder / "model.txt").write_text(str(arguments.alpha))
