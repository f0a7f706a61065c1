group=$(glab api "groups/${APPROVERS//\//%2F}" | jq --raw-output .id)

# keep_environment NAME TIER RULES: maintainers deploy there, once the approvers in RULES agree.
keep_environment() {
  local known
  known=$(ask "/environments?name=$1" '.[].id')
  if [ -n "$known" ]; then
    send PUT "/environments/$known" <<<'{"tier": "'"$2"'"}'
  else
    send POST /environments <<<'{"name": "'"$1"'", "tier": "'"$2"'"}'
  fi
  known=$(ask /protected_environments '.[] | select(.name == "'"$1"'")
    | "there", (.approval_rules[] | select(.required_approvals > 0) | .group_id)')
  if [ -z "$known" ]; then
    send POST /protected_environments <<<'{"name": "'"$1"'", "approval_rules": ['"$3"'],
      "deploy_access_levels": [{"access_level": 40}]}'
    echo "created: the environment $1, for maintainers${3:+ and with approval by $APPROVERS}"
  elif [ -n "$3" ] && ! grep -qx "$group" <<<"$known"; then
    send PUT "/protected_environments/$1" <<<'{"approval_rules": ['"$3"']}'
    echo "fixed: the environment $1, with approval by $APPROVERS"
  else
    echo "found: the environment $1"
  fi
}

# keep_variable NAME ENVIRONMENT VALUE
keep_variable() {
  local known
  known=$(ask "/variables?per_page=100" \
    '.[] | select(.key == "'"$1"'" and .environment_scope == "'"$2"'") | .key')
  if [ -n "$known" ]; then
    send PUT "/variables/$1?filter[environment_scope]=$2" <<<'{"value": "'"$3"'",
      "protected": true}'
  else
    send POST /variables <<<'{"key": "'"$1"'", "value": "'"$3"'", "environment_scope": "'"$2"'",
      "protected": true}'
  fi
}

# keep_identity ENVIRONMENT SUBSCRIPTION CLIENT: the identity with which a deployment logs in.
keep_identity() {
  keep_variable AZURE_TENANT_ID "$1" "$TENANT"
  keep_variable AZURE_SUBSCRIPTION_ID "$1" "$2"
  keep_variable AZURE_CLIENT_ID "$1" "$3"
  echo "set: the identity of $1"
}

# A token names the branch, the tier of the environment, and whether the environment is protected.
send PUT "" <<<'{"allow_pipeline_trigger_approve_deployment": false,
  "ci_id_token_sub_claim_components":
    ["project_path", "ref_type", "ref", "environment_protected", "deployment_tier"]}'
echo "set: nobody approves a deployment that they started"
keep_environment "$name-test" testing ""
keep_environment "$name-prod" production '{"group_id": '"$group"', "required_approvals": 1}'
keep_identity "$name-test" "$TEST_SUBSCRIPTION" "$TEST_CLIENT_ID"
keep_identity "$name-prod" "$PROD_SUBSCRIPTION" "$PROD_CLIENT_ID"

issuer=$(ask "" '.web_url | split("/")[0:3] | join("/")')
subject="project_path:$REPOSITORY:ref_type:branch:ref:main:environment_protected:true"
echo
echo "For entra.sh, which lets only these environments use the identities:"
echo "export TEST_ISSUER=$issuer"
echo "export TEST_SUBJECT=$subject:deployment_tier:testing"
echo "export PROD_ISSUER=$issuer"
echo "export PROD_SUBJECT=$subject:deployment_tier:production"
