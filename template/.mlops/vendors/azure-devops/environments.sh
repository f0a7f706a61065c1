# Where a release is deployed: for test and prod an environment, whose checks run before a
# deployment, and a service connection, whose identity entra.sh creates. Only the pipelines release
# and promote may use them, and only from main. Nobody approves their own run for prod.

keep_pipeline promote ci/azure-devops/promote.yml
keep_alert promote

fail() {
  echo "$1" >&2
  exit 1
}

organization=${ORGANIZATION%/}
organization=${organization##*/}
approvers=$(az rest --resource 499b84ac-1321-427f-aa17-267ca6975798 --method get \
  --url "https://vssps.dev.azure.com/$organization/_apis/identities" \
  --url-parameters searchFilter=General "filterValue=$APPROVERS" api-version=7.1 \
  --query "value[].id" --output tsv)
[[ $approvers =~ ^[0-9a-f-]{36}$ ]] ||
  fail "APPROVERS: $APPROVERS is not one group or person in $organization: correct it, then repeat."

# keep_environment NAME: leaves its number in $number.
keep_environment() {
  local path=$project/_apis/distributedtask/environments
  number=$(api get "$path" --url-parameters "name=$1" api-version=7.1 \
    --query "value[?name=='$1'].id | [0]" --output tsv)
  if [ -n "$number" ]; then
    echo "found: the environment $1"
  else
    number=$(api post "$path" --url-parameters api-version=7.1 \
      --body "{\"name\": \"$1\", \"description\": \"Created by ci.sh\"}" --query id --output tsv)
    echo "created: the environment $1"
  fi
}

configurations=$project/_apis/pipelines/checks/configurations

# checks KIND CONDITION: the number of the check of $number that fulfils the condition, if any.
checks() {
  api get "$configurations" --url-parameters "resourceType=$1" "resourceId=$number" \
    "\$expand=settings" api-version=7.1-preview.1 --query "value[?$2].id | [0]" --output tsv
}

# keep_check KIND LABEL TYPE SAME WANTED SETTINGS: create or fix a check of the environment or the
# connection (KIND is environment or endpoint) whose number is $number.
keep_check() {
  local kind=$1 label=$2 type=$3 same=$4 wanted=$5 settings=$6 body known
  wanted="$same && $wanted && !isDisabled"
  if [ -n "$(checks "$kind" "$wanted")" ]; then
    echo "found: $label"
    return
  fi
  body="{\"type\": $type, \"settings\": $settings, \"timeout\": 43200,
    \"resource\": {\"type\": \"$kind\", \"id\": \"$number\"}}"
  known=$(checks "$kind" "$same")
  if [ -n "$known" ]; then
    api patch "$configurations/$known" --url-parameters api-version=7.1-preview.1 \
      --body "$body" --output none
  else
    api post "$configurations" --url-parameters api-version=7.1-preview.1 \
      --body "$body" --output none
  fi
  [ -n "$(checks "$kind" "$wanted")" ] ||
    fail "Azure DevOps did not accept this setting: $label. Check it there, then repeat."
  echo "set: $label"
}

keep_lock() {
  keep_check environment "one deployment at a time to $1" \
    '{"id": "2EF31AD6-BAA0-403A-8B45-2CBC9B4E5563", "name": "ExclusiveLock"}' \
    "type.name=='ExclusiveLock'" "type.name" "{}"
}

keep_approval() {
  keep_check environment "$APPROVERS approves for $1, and nobody their own run" \
    '{"id": "8C6F20A7-A545-4486-9777-F762FAFE0D4D", "name": "Approval"}' \
    "type.name=='Approval'" \
    "settings.requesterCannotBeApprover && settings.approvers[?id=='$approvers']" \
    "{\"approvers\": [{\"id\": \"$approvers\"}], \"minRequiredApprovers\": 1,
      \"requesterCannotBeApprover\": true, \"instructions\": \"Read what the release changes.\"}"
}

# keep_main_only KIND LABEL
keep_main_only() {
  local branch="settings.definitionRef.id=='86b05a0c-73e6-4f7d-b3cf-e38f3b39a75b'"
  keep_check "$1" "$2 is used from main only" \
    '{"id": "fe1de3ee-a436-41b4-bb20-f6eb4cb879a7", "name": "Task Check"}' \
    "$branch" "settings.inputs.allowedBranches=='refs/heads/main'" \
    '{"displayName": "main only", "retryInterval": 5, "definitionRef": {
      "id": "86b05a0c-73e6-4f7d-b3cf-e38f3b39a75b", "name": "evaluatebranchProtection",
      "version": "0.0.1"}, "inputs": {"allowedBranches": "refs/heads/main",
      "ensureProtectionOfBranch": "true", "allowUnknownStatusBranch": "false"}}'
}

# connection NAME QUERY: the result of a query on a service connection, if it exists.
connection() {
  az devops service-endpoint list "${where[@]}" --query "[?name=='$1'].$2 | [0]" --output tsv
}

# keep_connection NAME SUBSCRIPTION CLIENT: leaves its number in $number.
keep_connection() {
  local file known
  known=$(az devops service-endpoint list "${where[@]}" --output tsv --query \
    "[?name=='$1'].[authorization.scheme, authorization.parameters.serviceprincipalid, id]")
  number=${known##*$'\t'}
  if [ -n "$known" ]; then
    [ "$known" = "$(printf '%s\t' WorkloadIdentityFederation "$3")$number" ] ||
      fail "The service connection $1 has a secret or another identity: delete it, then repeat."
    echo "found: the service connection $1"
    return
  fi
  file=$(mktemp)
  cat >"$file" <<END
{
  "name": "$1",
  "type": "azurerm",
  "url": "https://management.azure.com/",
  "authorization": {
    "scheme": "WorkloadIdentityFederation",
    "parameters": {"tenantid": "$TENANT", "serviceprincipalid": "$3"}
  },
  "data": {
    "environment": "AzureCloud",
    "scopeLevel": "Subscription",
    "subscriptionId": "$2",
    "subscriptionName": "$2",
    "creationMode": "Manual"
  }
}
END
  number=$(az devops service-endpoint create "${where[@]}" \
    --service-endpoint-configuration "$file" --query id --output tsv)
  rm "$file"
  echo "created: the service connection $1, without a secret"
}

# keep_users KIND LABEL: let only release and promote use the object whose number is $number.
users=$(printf '%s\n' "$(pipeline release)" "$(pipeline promote)" | sort)
keep_users() {
  local path="$project/_apis/pipelines/pipelinePermissions/$1/$number" known entry body=""
  known=$(api get "$path" --url-parameters api-version=7.1-preview.1 --output tsv \
    --query "[pipelines[?authorized].id, [allPipelines.authorized && 'all']][] | [?@]" | sort)
  if [ "$known" = "$users" ]; then
    echo "found: $2 is used by release and promote only"
    return
  fi
  for entry in $known; do # the pipelines that may use it so far
    [[ $entry = all || $'\n'$users$'\n' = *$'\n'$entry$'\n'* ]] ||
      body="$body{\"id\": $entry, \"authorized\": false}, "
  done
  for entry in $users; do
    body="$body{\"id\": $entry, \"authorized\": true}, "
  done
  api patch "$path" --url-parameters api-version=7.1-preview.1 --output none \
    --body "{\"allPipelines\": {\"authorized\": false}, \"pipelines\": [${body%, }]}"
  echo "set: $2 is used by release and promote only"
}

for env in test prod; do
  keep_environment "$name-$env"
  keep_lock "$name-$env"
  keep_main_only environment "the environment $name-$env"
  keep_users environment "the environment $name-$env"
done
keep_approval "$name-prod" # $number is still that of this environment

keep_endpoint() {
  keep_connection "$@"
  keep_main_only endpoint "the service connection $1"
  keep_users endpoint "the service connection $1"
}
keep_endpoint "$name-test" "$TEST_SUBSCRIPTION" "$TEST_CLIENT_ID"
keep_endpoint "$name-prod" "$PROD_SUBSCRIPTION" "$PROD_CLIENT_ID"

# federation NAME PART: the Issuer or the Subject of the tokens of a connection.
federation() {
  connection "$1" "authorization.parameters.workloadIdentityFederation$2"
}
echo
echo "For entra.sh, which lets only these connections use the identities:"
echo "export TEST_ISSUER=$(federation "$name-test" Issuer)"
echo "export TEST_SUBJECT='$(federation "$name-test" Subject)'"
echo "export PROD_ISSUER=$(federation "$name-prod" Issuer)"
echo "export PROD_SUBJECT='$(federation "$name-prod" Subject)'"
