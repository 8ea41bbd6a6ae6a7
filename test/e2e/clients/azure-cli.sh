# azure-cli beside a local Azure that listens on port 443. Each answer follows a line `== NAME`.
set -eu
export AZURE_CONFIG_DIR="$HOME/azure-config" AZURE_CORE_COLLECT_TELEMETRY=0 AZURE_CORE_OUTPUT=json AZURE_CORE_ONLY_SHOW_ERRORS=1
context=$1
group="/subscriptions/$AZURE_SUBSCRIPTION_ID/resourceGroups/$MLOPS_RESOURCE_GROUP"
workspace="$group/providers/Microsoft.MachineLearningServices/workspaces/$MLOPS_WORKSPACE"
identity="$group/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-mlops-agent"

# A cloud that azure-cli learns from the address of Resource Manager alone.
az cloud register --name Registered --endpoint-resource-manager "$ARM_ENDPOINT/"
az cloud set --name Registered
echo "== identity"
az login --identity
echo "== rest"
az rest --url "$workspace?api-version=2024-10-01"

# The cloud that ARM_CLOUD_METADATA_URL describes is known by its name.
az cloud set --name Local
echo "== principal"
az login --service-principal --username "$AZURE_CLIENT_ID" --password="$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID"
echo "== build"
az acr build --registry "$MLOPS_REGISTRY" --image hello:1 --file "$context/Dockerfile" "$context"
server=$(az acr show --name "$MLOPS_REGISTRY" --query loginServer --output tsv)
echo "== create"
az container create --resource-group "$MLOPS_RESOURCE_GROUP" --name hello --image "$server/hello:1" --os-type Linux \
  --cpu 1 --memory 1 --ip-address Public --ports 8080 --assign-identity "$identity" --acr-identity "$identity"
echo "== show"
az container show --resource-group "$MLOPS_RESOURCE_GROUP" --name hello
echo "== logs"
az container logs --resource-group "$MLOPS_RESOURCE_GROUP" --name hello
echo "== answer"
"$NODE" -e 'fetch(process.argv[1]).then((a) => a.text()).then((text) => console.log(text))' \
  "http://$(az container show --resource-group "$MLOPS_RESOURCE_GROUP" --name hello --query ipAddress.ip --output tsv):8080/"
echo "== end"
