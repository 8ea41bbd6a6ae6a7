"""azure-ai-ml against the local Azure: a pipeline of two steps and a sweep are submitted, streamed, listed and downloaded."""

import json
import os
import pathlib
import sys
import tempfile

from azure.ai.ml import Input, MLClient, Output, command
from azure.ai.ml.dsl import pipeline
from azure.ai.ml.entities import Environment
from azure.ai.ml.sweep import Choice
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
code = sys.argv[1]
environment = Environment(image="python:3.12")
prepare = command(
    name="prepare",
    code=code,
    command="python prep.py ${{inputs.rows}} ${{outputs.data}}",
    inputs={"rows": Input(type="integer")},
    outputs={"data": Output(type="uri_folder")},
    environment=environment,
).component
train = command(
    name="train",
    code=code,
    command="python train.py ${{inputs.data}} ${{inputs.rate}} ${{outputs.model}}",
    inputs={"data": Input(type="uri_folder"), "rate": Input(type="number", default=0.5)},
    outputs={"model": Output(type="uri_folder")},
    environment=environment,
).component


@pipeline(default_compute="cpu-cluster", experiment_name="sdk")
def two_steps(rows: int):
    prepared = prepare(rows=rows)
    trained = train(data=prepared.outputs.data)
    return {"model": trained.outputs.model}


def downloaded(name: str, output: str) -> str:
    folder = pathlib.Path(tempfile.mkdtemp())
    client.jobs.download(name, download_path=folder, output_name=output)
    return next(folder.rglob("model.txt")).read_text()


job = client.jobs.create_or_update(two_steps(rows=7))
client.jobs.stream(job.name)
ended = client.jobs.get(job.name)
children = {child.display_name: child.status for child in client.jobs.list(parent_job_name=job.name)}

trial = command(
    code=code,
    command="echo 1 > rows.txt && python train.py . ${{inputs.rate}} ${{outputs.model}}",
    inputs={"rate": 0.1},
    outputs={"model": Output(type="uri_folder")},
    environment=environment,
    compute="cpu-cluster",
    experiment_name="sdk",
)
sweep = trial(rate=Choice([0.1, 0.3, 0.9])).sweep(sampling_algorithm="grid", primary_metric="loss", goal="Minimize")
sweep.set_limits(max_total_trials=3, max_concurrent_trials=2)
tried = client.jobs.create_or_update(sweep)
client.jobs.stream(tried.name)
best = client.jobs.get(tried.name)
trials = sorted(child.name for child in client.jobs.list(parent_job_name=tried.name))
listed = {entry.name for entry in client.jobs.list()}
print(
    "RESULT "
    + json.dumps(
        {
            "status": [ended.status, best.status],
            "children": children,
            "model": downloaded(job.name, "model"),
            "trials": [name.replace(tried.name, "sweep") for name in trials],
            "best": best.properties["best_child_run_id"].replace(tried.name, "sweep"),
            "bestModel": downloaded(tried.name, "model"),
            "listed": [job.name in listed, tried.name in listed, bool(listed & set(trials))],
        }
    )
)
