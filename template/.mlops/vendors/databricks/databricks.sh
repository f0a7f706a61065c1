# Who runs this: an administrator of the Databricks account who owns the catalogs.
# What it does: creates three service principals in each environment: one deploys, one trains and
# scores, and only the third moves the champion. Each gets the rights it needs, and no more.
# It needs databricks 0.270 or newer, a login for each workspace (`databricks auth login --host
# https://<workspace>`), and jq. The catalogs and schemas must exist.

# lines FILTER: the results of a jq filter on standard input, one per line.
lines() {
  jq --raw-output "$1"
}

# keep_principal NAME [APPLICATION]: leaves its application ID in $application.
keep_principal() {
  application=$(databricks service-principals list --filter "displayName eq $1" --output json |
    lines '.[].applicationId')
  if [ -n "$application" ]; then
    echo "found: $1"
  else
    if [ -n "${2:-}" ]; then
      set -- "$1" --application-id "$2"
    fi
    application=$(databricks service-principals create --display-name "$@" --output json |
      lines .applicationId)
    echo "created: $1"
  fi
}

# keep_volume CATALOG.SCHEMA.VOLUME
keep_volume() {
  local catalog schema volume known
  IFS=. read -r catalog schema volume <<<"$1"
  known=$(databricks volumes list "$catalog" "$schema" --output json | lines '.[].name')
  if grep -qxF "$volume" <<<"$known"; then
    echo "found: the volume $1"
  else
    databricks volumes create "$catalog" "$schema" "$volume" MANAGED --output json >/dev/null
    echo "created: the volume $1"
  fi
}

# grant PRINCIPAL KIND OBJECT PRIVILEGE…: grant the privileges that are missing.
grant() {
  local who=$1 kind=$2 what=$3 known wanted=""
  shift 3
  known=$(databricks grants get "$kind" "$what" --principal "$who" --output json |
    lines '.privilege_assignments[]?.privileges[]')
  for privilege in "$@"; do
    grep -qxF "$privilege" <<<"$known" || wanted="$wanted, \"$privilege\""
  done
  if [ -z "$wanted" ]; then
    echo "found: $* on $kind $what"
  else
    databricks grants update "$kind" "$what" --output json >/dev/null \
      --json "{\"changes\": [{\"principal\": \"$who\", \"add\": [${wanted#, }]}]}"
    echo "created: $* on $kind $what"
  fi
}

# keep_use DEPLOYER PRINCIPAL: jobs of the deployer may run as the principal.
keep_use() {
  local name=accounts/$ACCOUNT/servicePrincipals/$2/ruleSets/default known
  known=$(databricks account-access-control-proxy get-rule-set "$name" "" --output json)
  if [ "$(lines "[.grant_rules[]? | select(.role == \"roles/servicePrincipal.user\")
    | .principals[]] | index(\"servicePrincipals/$1\") != null" <<<"$known")" = true ]; then
    echo "found: jobs of $1 may run as $2"
    return
  fi
  databricks account-access-control-proxy update-rule-set --output json >/dev/null \
    --json "$(lines "{name: \"$name\", rule_set: {name: \"$name\", etag, grant_rules:
      ((.grant_rules // []) + [{role: \"roles/servicePrincipal.user\",
      principals: [\"servicePrincipals/$1\"]}])}} | tojson" <<<"$known")"
  echo "created: jobs of $1 may run as $2"
}

# keep_folder FOLDER PRINCIPAL…: the principals may write the runs and the journal there.
keep_folder() {
  local folder=$1 number
  shift
  databricks workspace mkdirs "$folder"
  number=$(databricks workspace get-status "$folder" --output json | lines .object_id)
  for principal in "$@"; do
    databricks permissions update directories "$number" --output json >/dev/null --json \
      "{\"access_control_list\": [{\"service_principal_name\": \"$principal\",
        \"permission_level\": \"CAN_EDIT\"}]}"
  done
  echo "set: trainer and promoter may write to $folder"
}

for line in "${environments[@]}"; do
  IFS='|' read -r env DATABRICKS_HOST releases data model folder client <<<"$line"
  export DATABRICKS_HOST
  echo "# $env: $DATABRICKS_HOST"
  keep_volume "$releases"
  keep_volume "$data"
  keep_principal "$name-$env-trainer"
  trainer=$application
  keep_principal "$name-$env-promoter"
  promoter=$application
  principals="$trainer $promoter"
  if [ -n "$client" ]; then # otherwise a person deploys
    keep_principal "$name-$env" "$client"
    principals="$principals $application"
    grant "$application" volume "$releases" READ_VOLUME WRITE_VOLUME
    keep_use "$application" "$trainer"
    keep_use "$application" "$promoter"
  fi
  for schema in $(printf '%s\n' "${releases%.*}" "${data%.*}" "${model%.*}" | sort -u); do
    for principal in $principals; do
      grant "$principal" catalog "${schema%.*}" USE_CATALOG
      grant "$principal" schema "$schema" USE_SCHEMA
    done
  done
  grant "$trainer" schema "${model%.*}" CREATE_MODEL_VERSION APPLY_TAG EXECUTE
  grant "$promoter" schema "${model%.*}" CREATE_MODEL EXECUTE # the model's owner moves the champion
  grant "$trainer" volume "$releases" READ_VOLUME
  grant "$promoter" volume "$releases" READ_VOLUME
  grant "$trainer" volume "$data" READ_VOLUME WRITE_VOLUME
  grant "$promoter" volume "$data" READ_VOLUME
  keep_folder "$folder" "$trainer" "$promoter"
  echo "For conf/$env.yml, below deployment:"
  echo "  trainer: $trainer"
  echo "  promoter: $promoter"
done
