# Who runs this: a project administrator of Azure DevOps, once the pipelines' files are on main.
# What it does: creates the pipelines, and a mail to the team when a run on main fails.
# It needs az with the extension azure-devops, and `az login`.

where=(--organization "${ORGANIZATION%/}" --project "$PROJECT")

# ask_project QUERY: the result of a query on the project.
ask_project() {
  az devops project show "${where[@]}" --query "$1" --output tsv
}
project=$(ask_project id)
team=$(ask_project defaultTeam.id)

# pipeline NAME: its number, if there is one.
pipeline() {
  az pipelines list "${where[@]}" --name "$name $1" --query "[0].id" --output tsv
}

# keep_pipeline NAME FILE
keep_pipeline() {
  if [ -n "$(pipeline "$1")" ]; then
    echo "found: the pipeline $name $1"
  else
    az pipelines create "${where[@]}" --name "$name $1" --yml-path "$2" --branch main \
      --repository "${REPOSITORY:-$name}" --repository-type tfsgit --skip-first-run true \
      --output none
    echo "created: the pipeline $name $1, from $2"
  fi
}

# api METHOD PATH OPTION…: call Azure's documented REST API, where az has no command.
api() {
  local method=$1 path=$2
  shift 2
  az rest --resource 499b84ac-1321-427f-aa17-267ca6975798 --method "$method" \
    --url "${ORGANIZATION%/}/$path" "$@"
}

# keep_alert NAME: a mail to the team when a run of this pipeline fails.
keep_alert() {
  local about="$name $1 fails: mail to $mail" body
  if [ -n "$(api get _apis/notification/subscriptions --url-parameters "targetId=$team" \
    api-version=7.1 --query "value[?description=='$about'].id" --output tsv)" ]; then
    echo "found: a mail to $mail when $name $1 fails"
    return
  fi
  body=$(
    cat <<END
{
  "description": "$about",
  "scope": {"id": "$project"},
  "subscriber": {"id": "$team"},
  "channel": {"type": "EmailHtml", "address": "$mail", "useCustomAddress": true},
  "filter": {
    "type": "Expression",
    "eventType": "ms.vss-build.build-completed-event",
    "criteria": {"clauses": [
      {"index": 1, "logicalOperator": "", "fieldName": "Status", "operator": "=",
        "value": "Failed"},
      {"index": 2, "logicalOperator": "And", "fieldName": "Definition name", "operator": "=",
        "value": "\\\\$PROJECT\\\\$name $1"}
    ]}
  }
}
END
  )
  api post _apis/notification/subscriptions --url-parameters api-version=7.1 --body "$body" \
    --output none
  echo "created: a mail to $mail when $name $1 fails"
}

keep_pipeline checks azure-pipelines.yml # Azure notifies the author on its own
keep_pipeline release ci/azure-devops/release.yml
keep_alert release
keep_pipeline weekly ci/azure-devops/maintenance.yml
keep_alert weekly
