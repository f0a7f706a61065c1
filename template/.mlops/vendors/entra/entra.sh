# Who runs this: whoever may register applications in Entra and assign roles on the resources below.
# What it does: creates an identity for test and one for prod. Only the deployments to that
# environment can use it, and it has no secret.
# It needs az, and `az login`. Run it first: ci.sh needs what it prints at its end. Run it again
# with what ci.sh prints, which says who may use the identities.

# keep_identity NAME: leaves its application ID in $application, and creates what is missing.
keep_identity() {
  application=$(az ad app list --display-name "$1" \
    --query "[?displayName=='$1'].appId | [0]" --output tsv)
  if [ -n "$application" ]; then
    echo "found: the application $1"
  else
    application=$(az ad app create --display-name "$1" --sign-in-audience AzureADMyOrg \
      --query appId --output tsv)
    echo "created: the application $1"
  fi
  principal=$(az ad sp list --spn "$application" --query "[0].id" --output tsv)
  if [ -n "$principal" ]; then
    echo "found: its service principal"
  else
    principal=$(az ad sp create --id "$application" --query id --output tsv)
    echo "created: its service principal"
  fi
}

# keep_trust NAME ISSUER SUBJECT: whoever has a token of the issuer for this subject may use the
# identity.
keep_trust() {
  local known others
  if [ -z "$2" ] || [ -z "$3" ]; then
    echo "later: who may use $1; run ci.sh now, then this again with what it prints"
    return
  fi
  known=$(az ad app federated-credential list --id "$application" \
    --query "[?name=='$1'].join(' ', [issuer, subject]) | [0]" --output tsv)
  if [ -z "$known" ]; then
    az ad app federated-credential create --id "$application" --output none --parameters \
      "{\"name\": \"$1\", \"issuer\": \"$2\", \"subject\": \"$3\",
        \"audiences\": [\"api://AzureADTokenExchange\"]}"
    echo "created: $3 may use $1"
  elif [ "$known" = "$2 $3" ]; then
    echo "found: $3 may use $1"
  else
    echo "$1 may be used by '$known', not by '$2 $3'. If that has changed, repeat after" \
      "az ad app federated-credential delete --id $application --federated-credential-id $1" >&2
    exit 1
  fi
  others=$(az ad app federated-credential list --id "$application" \
    --query "[?name!='$1'].subject" --output tsv)
  [ -z "$others" ] || echo "left: these may use $1, too; delete those that you do not know: $others"
}

# keep_role ROLE RESOURCE
keep_role() {
  local known
  known=$(az role assignment list --assignee "$principal" --role "$1" --scope "$2" \
    --query "[0].id" --output tsv)
  if [ -n "$known" ]; then
    echo "found: the role $1 on $2"
  else
    az role assignment create --assignee-object-id "$principal" --output none \
      --assignee-principal-type ServicePrincipal --role "$1" --scope "$2"
    echo "created: the role $1 on $2"
  fi
}

client_ids=""
for env in test prod; do
  keep_identity "$name-$env"
  if [ $env = test ]; then
    keep_trust "$name-$env" "${TEST_ISSUER:-}" "${TEST_SUBJECT:-}"
  else
    keep_trust "$name-$env" "${PROD_ISSUER:-}" "${PROD_SUBJECT:-}"
  fi
  for line in "${roles[@]}"; do
    IFS='|' read -r whose role resource <<<"$line"
    [ "$whose" != $env ] || keep_role "$role" "$resource"
  done
  prefix=$(echo $env | tr '[:lower:]' '[:upper:]')
  client_ids="$client_ids"$'\n'"export ${prefix}_CLIENT_ID=$application"
done
echo
echo "For ci.sh:$client_ids"
