"""azure-ai-ml against the local Azure: compute, datastore, environment, batch endpoint and schedule, used and deleted."""

import json
import os
import pathlib
import sys
import tempfile
import time

from azure.ai.ml import Input, MLClient, command, dsl
from azure.ai.ml.entities import (
    AmlCompute,
    AzureBlobDatastore,
    BatchEndpoint,
    BatchRetrySettings,
    CodeConfiguration,
    CronTrigger,
    Environment,
    JobSchedule,
    Model,
    ModelBatchDeployment,
    ModelBatchDeploymentSettings,
    Workspace,
)
from azure.core.exceptions import ResourceNotFoundError
from azure.identity import ClientSecretCredential

credential = ClientSecretCredential(
    os.environ["AZURE_TENANT_ID"],
    os.environ["AZURE_CLIENT_ID"],
    os.environ["AZURE_CLIENT_SECRET"],
    authority=os.environ["AZURE_AUTHORITY_HOST"],
    disable_instance_discovery=True,
)
client = MLClient(
    credential, os.environ["AZURE_SUBSCRIPTION_ID"], os.environ["MLOPS_RESOURCE_GROUP"], os.environ["MLOPS_WORKSPACE"]
)
batch = pathlib.Path(sys.argv[1])


def ended(name):
    while True:
        job = client.jobs.get(name)
        if job.status in ("Completed", "Failed", "Canceled"):
            return job.status
        time.sleep(0.2)


client.compute.begin_create_or_update(AmlCompute(name="batch-cluster", size="Standard_DS3_v2", max_instances=2)).result()
client.datastores.create_or_update(AzureBlobDatastore(name="extra", account_name="stmlops", container_name="extra"))
environment = client.environments.create_or_update(
    Environment(name="plain", image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest", conda_file=batch / "conda.yml")
)
model = client.models.create_or_update(Model(name="word", path=batch / "model"))
endpoint = client.batch_endpoints.begin_create_or_update(BatchEndpoint(name="words")).result()
client.batch_deployments.begin_create_or_update(
    ModelBatchDeployment(
        name="first",
        endpoint_name="words",
        model=model,
        environment=environment,
        code_configuration=CodeConfiguration(code=str(batch / "code"), scoring_script="score.py"),
        compute="batch-cluster",
        settings=ModelBatchDeploymentSettings(mini_batch_size=2, retry_settings=BatchRetrySettings(max_retries=0, timeout=30)),
    )
).result()
endpoint.defaults = {"deployment_name": "first"}
client.batch_endpoints.begin_create_or_update(endpoint).result()
scoring = client.batch_endpoints.invoke(
    endpoint_name="words", inputs={"files": Input(path=str((batch / "input").absolute()), type="uri_folder")}
)
scored = ended(scoring.name)
steps = list(client.jobs.list(parent_job_name=scoring.name))


def download(name):
    with tempfile.TemporaryDirectory() as folder:
        client.jobs.download(name, output_name="score", download_path=folder)
        return next(pathlib.Path(folder).rglob("predictions.csv")).read_text().splitlines()


predictions = download(scoring.name)
jobs = [job.name for job in client.batch_deployments.list_jobs(endpoint_name="words", name="first")]

step = command(name="step", command="echo scheduled", environment=environment)


@dsl.pipeline(default_compute="batch-cluster", experiment_name="retraining")
def retraining():
    step()


schedule = JobSchedule(
    name="every-morning",
    trigger=CronTrigger(expression="0 6 * * *", time_zone="W. Europe Standard Time"),
    create_job=retraining(),
)
client.schedules.begin_create_or_update(schedule).result()
triggered = client.schedules.trigger("every-morning")
scheduled = ended(triggered.job_name)
client.schedules.begin_disable("every-morning").result()
listed = [one.name for one in client.schedules.list(list_view_type="DISABLED_ONLY")]

made = client.workspaces.begin_create(Workspace(name="mlw-sdk", location="westeurope", display_name="Made here")).result()
team = MLClient(credential, os.environ["AZURE_SUBSCRIPTION_ID"], os.environ["MLOPS_RESOURCE_GROUP"], "mlw-sdk")
team.compute.begin_create_or_update(AmlCompute(name="cluster", size="Standard_DS3_v2", max_instances=1)).result()
team.models.create_or_update(Model(name="word", path=batch / "model"))
workspaces = sorted(one.name for one in client.workspaces.list())
client.workspaces.begin_delete("mlw-sdk", delete_dependent_resources=True)

client.schedules.begin_delete("every-morning").result()
client.batch_endpoints.begin_delete("words").result()
client.datastores.delete("extra")
client.compute.begin_delete("batch-cluster").result()
gone = 0
for look in (
    lambda: client.schedules.get("every-morning"),
    lambda: client.batch_endpoints.get("words"),
    lambda: client.datastores.get("extra"),
    lambda: client.compute.get("batch-cluster"),
    lambda: client.workspaces.get("mlw-sdk"),
):
    try:
        look()
    except ResourceNotFoundError:
        gone += 1
print(
    "\nRESULT "
    + json.dumps(
        {
            "scored": scored,
            "predictions": predictions,
            "step": [step.display_name for step in steps],
            "same": download(steps[0].name) == predictions,
            "jobs": jobs == [scoring.name],
            "scheduled": scheduled,
            "job": triggered.job_name.startswith("every-morning-"),
            "listed": listed,
            "made": made.display_name,
            "workspaces": workspaces,
            "gone": gone,
        }
    )
)
