team=$(gh api "orgs/${REPOSITORY%%/*}/teams/$APPROVERS" --jq .id)

# keep_variables ENVIRONMENT SUBSCRIPTION CLIENT: the identity with which a deployment logs in.
keep_variables() {
  gh variable set AZURE_TENANT_ID --repo "$REPOSITORY" --env "$1" --body "$TENANT"
  gh variable set AZURE_SUBSCRIPTION_ID --repo "$REPOSITORY" --env "$1" --body "$2"
  gh variable set AZURE_CLIENT_ID --repo "$REPOSITORY" --env "$1" --body "$3"
  echo "set: the identity of $1"
}

keep_environment "$name-test" '"reviewers": null, "prevent_self_review": false'
keep_environment "$name-prod" '"prevent_self_review": true,
  "reviewers": [{"type": "Team", "id": '"$team"'}]'
keep_variables "$name-test" "$TEST_SUBSCRIPTION" "$TEST_CLIENT_ID"
keep_variables "$name-prod" "$PROD_SUBSCRIPTION" "$PROD_CLIENT_ID"

# How GitHub names the repository in its tokens: newer repositories have permanent numbers, too.
prefix=$(gh api "$api/actions/oidc/customization/sub" --jq \
  'if .use_default then .sub_claim_prefix // "repo:'"$REPOSITORY"'" else "" end')
if [ -z "$prefix" ]; then
  echo "The repository has a custom subject: remove it, see $api/actions/oidc/customization/sub" >&2
  exit 1
fi
echo
echo "For entra.sh, which lets only these environments use the identities:"
echo "export TEST_ISSUER=https://token.actions.githubusercontent.com"
echo "export TEST_SUBJECT=$prefix:environment:$name-test"
echo "export PROD_ISSUER=https://token.actions.githubusercontent.com"
echo "export PROD_SUBJECT=$prefix:environment:$name-prod"
