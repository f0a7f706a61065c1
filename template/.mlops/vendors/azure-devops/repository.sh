# Who runs this: a project administrator of Azure DevOps, after ci.sh.
# What it does: main changes only by pull requests that have passed the checks, and that another
# person and the owners of the changed files have approved. Run it again when CODEOWNERS changes.
# It needs az with the extension azure-devops, and `az login`.

where=(--organization "${ORGANIZATION%/}" --project "$PROJECT")
repository=$(az repos show "${where[@]}" --repository "${REPOSITORY:-$name}" \
  --query id --output tsv)
checks=$(az pipelines list "${where[@]}" --name "$name checks" --query "[0].id" --output tsv)
if [ -z "$checks" ]; then
  echo "There is no pipeline '$name checks': run ci.sh first." >&2
  exit 1
fi

# policy CONDITION: the number of the policy of main that fulfils the condition, if any.
policy() {
  az repos policy list "${where[@]}" --repository-id "$repository" --branch main \
    --query "[?$1].id | [0]" --output tsv
}

# keep KIND LABEL SAME WANTED OPTION…: create a policy, or fix one that differs from WANTED.
keep() {
  local kind=$1 label=$2 same=$3 wanted=$4 known
  shift 4
  if [ -n "$(policy "$same && isEnabled && isBlocking && $wanted")" ]; then
    echo "found: $label"
    return
  fi
  known=$(policy "$same")
  set -- "$@" --repository-id "$repository" --branch main --blocking true --enabled true
  if [ -n "$known" ]; then
    az repos policy "$kind" update "${where[@]}" --id "$known" "$@" --output none
    echo "fixed: $label"
  else
    az repos policy "$kind" create "${where[@]}" "$@" --output none
    echo "created: $label"
  fi
}

build="type.id=='0609b952-1397-4640-95ec-e00a01b2c241'" # the types have fixed IDs in Azure
count="type.id=='fa4e907d-c16b-4a4c-9dfa-4906e5d171dd'"
owner="type.id=='fd2167ab-b0be-447a-8ec8-39368250530e'"

keep build "the pipeline $name checks must have passed" \
  "$build && settings.displayName=='$name checks'" \
  "to_string(settings.buildDefinitionId)=='$checks' && !(settings.manualQueueOnly)" \
  --build-definition-id "$checks" --display-name "$name checks" --manual-queue-only false \
  --queue-on-source-update-only true --valid-duration 0

keep approver-count "another person approves ($approvals at least)" "$count" \
  "to_string(settings.minimumApproverCount)=='$approvals' && !(settings.creatorVoteCounts)" \
  --minimum-approver-count "$approvals" --creator-vote-counts false --allow-downvotes false \
  --reset-on-source-push true

# Azure Repos does not read CODEOWNERS, so each list of owners in it becomes a policy. If a list
# names several owners, each of them must approve: name a group where one approval is enough.
for line in "${owners[@]}"; do
  people=${line%%|*}
  files=${line#*|}
  keep required-reviewer "$people approves $files" \
    "$owner && settings.message=='CODEOWNERS: $people'" \
    "join(';', settings.filenamePatterns)=='$files'" \
    --message "CODEOWNERS: $people" --required-reviewer-ids "$people" --path-filter "$files"
done

known=$(az repos policy list "${where[@]}" --repository-id "$repository" --branch main \
  --query "[?$owner && starts_with(settings.message||'', 'CODEOWNERS: ')].[id, settings.message]" \
  --output tsv)
while IFS=$'\t' read -r number message; do
  printf 'CODEOWNERS: %s\n' "${owners[@]%%|*}" | grep -qxF -- "$message" ||
    echo "left: the policy '$message' no longer applies; delete it:" \
      "az repos policy delete --id $number"
done <<<"$known"
