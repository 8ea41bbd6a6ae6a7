"""azure-ai-ml against the local Azure: a job is submitted, streamed and read back, its model registered."""

import json
import os
import sys

from azure.ai.ml import MLClient, command
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import Environment, Model
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
example = sys.argv[1]
job = client.jobs.create_or_update(
    command(
        code=f"{example}/code",
        command="python hello.py --alpha ${{inputs.alpha}} --out ${{outputs.model}}",
        inputs={"alpha": 0.5},
        outputs={"model": {"type": AssetTypes.URI_FOLDER}},
        environment=Environment(
            image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest", conda_file=f"{example}/conda.yml"
        ),
        compute="cpu-cluster",
        experiment_name="sdk",
    )
)
client.jobs.stream(job.name)
ended = client.jobs.get(job.name)
model = client.models.create_or_update(
    Model(name="sdk-model", path=f"azureml://jobs/{job.name}/outputs/model/paths/", type=AssetTypes.CUSTOM_MODEL)
)
again = client.models.get("sdk-model", version=model.version)
listed = [entry.name for entry in client.jobs.list()]
print("RESULT " + json.dumps({"status": ended.status, "model": again.version, "listed": job.name in listed}))
