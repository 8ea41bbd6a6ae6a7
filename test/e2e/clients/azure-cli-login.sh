# azure-cli beside a local Azure: two ways to know the cloud, two ways in. Each answer follows a line `== NAME`.
set -eu
export AZURE_CONFIG_DIR="$HOME/azure-config" AZURE_CORE_COLLECT_TELEMETRY=0 AZURE_CORE_OUTPUT=json AZURE_CORE_ONLY_SHOW_ERRORS=1
group="/subscriptions/$AZURE_SUBSCRIPTION_ID/resourceGroups/$MLOPS_RESOURCE_GROUP"

# A cloud that azure-cli learns from the address of Resource Manager alone.
az cloud register --name Registered --endpoint-resource-manager "$ARM_ENDPOINT/"
az cloud set --name Registered
echo "== identity"
az login --identity
echo "== rest"
az rest --url "$group/providers/Microsoft.MachineLearningServices/workspaces/$MLOPS_WORKSPACE?api-version=2024-10-01"

# The cloud that ARM_CLOUD_METADATA_URL describes is known by its name.
az cloud set --name Local
echo "== principal"
az login --service-principal --username "$AZURE_CLIENT_ID" --password="$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID"
