# azure-cli beside a local Azure that listens on port 443: it rebuilds the URLs of blobs without a port. The folder $1 holds
# what is built. Each answer follows a line `== NAME`.
set -eu
export AZURE_CONFIG_DIR="$HOME/azure-config" AZURE_CORE_COLLECT_TELEMETRY=0 AZURE_CORE_OUTPUT=json AZURE_CORE_ONLY_SHOW_ERRORS=1
group="/subscriptions/$AZURE_SUBSCRIPTION_ID/resourceGroups/$MLOPS_RESOURCE_GROUP"
identity="$group/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-mlops-agent"

az cloud set --name Local
az login --service-principal --username "$AZURE_CLIENT_ID" --password="$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID" --output none
echo "== build"
az acr build --registry "$MLOPS_REGISTRY" --image hello:1 --file "$1/Dockerfile" "$1"
az container create --resource-group "$MLOPS_RESOURCE_GROUP" --name hello --image localhost/hello:1 --os-type Linux --cpu 1 \
  --memory 1 --ip-address Public --ports 8080 --registry-login-server localhost --assign-identity "$identity" \
  --acr-identity "$identity" --output none
echo "== show"
az container show --resource-group "$MLOPS_RESOURCE_GROUP" --name hello | tee "$HOME/shown.json"
echo "== logs"
az container logs --resource-group "$MLOPS_RESOURCE_GROUP" --name hello
echo "== answer"
address=$(sed -n 's/.*"ip": "\(.*\)".*/\1/p' "$HOME/shown.json")
"$NODE" -e 'fetch(process.argv[1]).then((answer) => answer.text()).then(console.log)' "http://$address:8080/"
