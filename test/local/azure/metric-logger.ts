/** A module `metric` that logs to a job's run over MLflow's REST API: `log(key, value, step)`. It needs no package. */
export const metricLogger = `
import json, os, ssl, urllib.request
address = os.environ["MLFLOW_TRACKING_URI"].replace("azureml://", "https://") + "/api/2.0/mlflow/runs/log-metric"
context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
def log(key, value, step=0):
    body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": key, "value": value, "timestamp": 1, "step": step}
    urllib.request.urlopen(urllib.request.Request(address, json.dumps(body).encode(), headers), context=context).read()
`;
