import pathlib
import sys
import time

rows, out = int(sys.argv[1]), pathlib.Path(sys.argv[2])
(out / "rows.txt").write_text("\n".join(str(row) for row in range(rows)))
print("prepared", rows, "rows")
# The SDK shows the log only of a job that still runs when it first looks, seconds after it submitted it.
time.sleep(8)
