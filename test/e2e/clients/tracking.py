"""mlflow against the local Azure: a run is logged and read back, a model saved, registered and loaded.

With the argument `plain`: by MLflow's own REST API and artifact proxy over https, without the plugin azureml-mlflow.
"""

import json
import os
import sys
import tempfile

import mlflow
import requests
from sklearn.linear_model import Ridge

# The plugin's credential chain would ask the public cloud about the local authority; a managed identity needs none.
del os.environ["AZURE_CLIENT_ID"], os.environ["AZURE_CLIENT_SECRET"]

host = os.environ["ARM_ENDPOINT"].removeprefix("https://")
workspace = (
    f"/subscriptions/{os.environ['AZURE_SUBSCRIPTION_ID']}/resourceGroups/{os.environ['MLOPS_RESOURCE_GROUP']}"
    f"/providers/Microsoft.MachineLearningServices/workspaces/{os.environ['MLOPS_WORKSPACE']}"
)
plain = len(sys.argv) > 1 and sys.argv[1] == "plain"
if plain:
    # What the plugin does by itself: a token of the machine's identity.
    answer = requests.get(
        os.environ["IDENTITY_ENDPOINT"],
        params={"api-version": "2019-08-01", "resource": "https://ml.azure.com"},
        headers={"X-IDENTITY-HEADER": os.environ["IDENTITY_HEADER"]},
        timeout=30,
    )
    os.environ["MLFLOW_TRACKING_TOKEN"] = answer.json()["access_token"]
mlflow.set_tracking_uri(
    f"https://{host}/mlflow/v2.0{workspace}" if plain else f"azureml://{host}/mlflow/v1.0{workspace}"
)
mlflow.set_experiment("clients")
with mlflow.start_run() as run:
    mlflow.log_param("alpha", 0.5)
    mlflow.log_params({"a": 1, "b": "two"})
    for step in range(3):
        mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
    mlflow.log_metrics({"mse": 3298.9, "r2": 0.36})
    mlflow.set_tag("team", "clients")
    mlflow.log_dict({"note": "read me back"}, "notes/note.json")
    model = Ridge().fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
    mlflow.sklearn.log_model(model, "model", pip_requirements=["scikit-learn"])

found = mlflow.get_run(run.info.run_id)
history = [m.value for m in mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")]
searched = mlflow.search_runs(experiment_names=["clients"], filter_string="params.a = '1'", output_format="list")
result = {
    "status": found.info.status,
    "params": found.data.params,
    "metrics": found.data.metrics,
    "tag": found.data.tags["team"],
    "history": len(history),
    "searched": [r.info.run_id for r in searched] == [run.info.run_id],
}
with tempfile.TemporaryDirectory() as folder:
    path = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="notes/note.json", dst_path=folder)
    result["note"] = json.load(open(path))["note"]
loaded = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
result["predicted"] = round(float(loaded.predict([[3.0]])[0]), 3)
version = mlflow.register_model(f"runs:/{run.info.run_id}/model", "tracked")
registered = mlflow.sklearn.load_model(f"models:/tracked/{version.version}")
result["registered"] = [str(version.version), round(float(registered.predict([[3.0]])[0]), 3)]
print("RESULT " + json.dumps(result))
