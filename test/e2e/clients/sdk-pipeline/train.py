"""Reads the prepared rows, writes a model and logs a metric over MLflow's REST API: no package is needed."""

import json
import os
import pathlib
import ssl
import sys
import time
import urllib.request

data, rate, model = pathlib.Path(sys.argv[1]), float(sys.argv[2]), pathlib.Path(sys.argv[3])
rows = (data / "rows.txt").read_text().split()
(model / "model.txt").write_text(f"{len(rows)} rows at {rate}")
address = os.environ["MLFLOW_TRACKING_URI"].replace("azureml://", "https://") + "/api/2.0/mlflow/runs/log-metric"
body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": (rate - 0.3) ** 2, "timestamp": 1, "step": 0}
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
urllib.request.urlopen(urllib.request.Request(address, json.dumps(body).encode(), headers), context=context).read()
print("trained at", rate)
# The SDK shows the log only of a job that still runs when it first looks.
time.sleep(1)
