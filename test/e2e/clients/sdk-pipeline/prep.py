import pathlib
import sys

rows, out = int(sys.argv[1]), pathlib.Path(sys.argv[2])
(out / "rows.txt").write_text("\n".join(str(row) for row in range(rows)))
print("prepared", rows, "rows")
