# Who runs this: whoever may register applications in Entra, and give roles on the resources below.
# What it does: an identity for test and one for prod, which the deployments to that environment use
# and nobody else does, and which has no secret.
# It needs az, and `az login`. Run it first: ci.sh needs what it tells at its end. Run it again with
# what ci.sh tells, which is who may use the identities.

# keep_identity NAME: its application ID, made where it is missing.
keep_identity() {
  application=$(az ad app list --display-name "$1" \
    --query "[?displayName=='$1'].appId | [0]" --output tsv)
  if [ -n "$application" ]; then
    echo "found: the application $1"
  else
    application=$(az ad app create --display-name "$1" --sign-in-audience AzureADMyOrg \
      --query appId --output tsv)
    echo "made: the application $1"
  fi
  principal=$(az ad sp list --spn "$application" --query "[0].id" --output tsv)
  if [ -n "$principal" ]; then
    echo "found: its service principal"
  else
    principal=$(az ad sp create --id "$application" --query id --output tsv)
    echo "made: its service principal"
  fi
}

# keep_trust NAME ISSUER SUBJECT: who says to be this subject, by the word of the issuer, may use
# the identity.
keep_trust() {
  local known others
  if [ -z "$2" ] || [ -z "$3" ]; then
    echo "later: who may use $1; run ci.sh now, then this again with what it tells"
    return
  fi
  known=$(az ad app federated-credential list --id "$application" \
    --query "[?name=='$1'].join(' ', [issuer, subject]) | [0]" --output tsv)
  if [ -z "$known" ]; then
    az ad app federated-credential create --id "$application" --output none --parameters \
      "{\"name\": \"$1\", \"issuer\": \"$2\", \"subject\": \"$3\",
        \"audiences\": [\"api://AzureADTokenExchange\"]}"
    echo "made: $3 may use $1"
  elif [ "$known" = "$2 $3" ]; then
    echo "found: $3 may use $1"
  else
    echo "$1 is used by '$known', not by '$2 $3': if that has changed," \
      "az ad app federated-credential delete --id $application --federated-credential-id $1" >&2
    exit 1
  fi
  others=$(az ad app federated-credential list --id "$application" \
    --query "[?name!='$1'].subject" --output tsv)
  [ -z "$others" ] || echo "left: these may use $1, too; take away what is not yours: $others"
}

# keep_role ROLE RESOURCE
keep_role() {
  local known
  known=$(az role assignment list --assignee "$principal" --role "$1" --scope "$2" \
    --query "[0].id" --output tsv)
  if [ -n "$known" ]; then
    echo "found: it is $1 of $2"
  else
    az role assignment create --assignee-object-id "$principal" --output none \
      --assignee-principal-type ServicePrincipal --role "$1" --scope "$2"
    echo "made: it is $1 of $2"
  fi
}

told=""
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
  told="$told"$'\n'"export $(echo $env | tr '[:lower:]' '[:upper:]')_CLIENT_ID=$application"
done
echo
echo "For ci.sh:$told"
