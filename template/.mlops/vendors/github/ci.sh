# Who runs this: an administrator of the repository at GitHub.
# What it does: creates the environments, to which only main deploys. Where the model runs
# elsewhere, those of test and prod know the identity to deploy with, a run waits for the approvers
# before prod, and nobody approves their own run.
# It needs gh, and `gh auth login`.

api="repos/$REPOSITORY"

# keep_environment NAME RULES: set what is required before a deployment.
keep_environment() {
  local branches=$api/environments/$1/deployment-branch-policies known
  gh api --method PUT "$api/environments/$1" --input - --silent <<END
{
  $2,
  "deployment_branch_policy": {"protected_branches": false, "custom_branch_policies": true}
}
END
  echo "set: the environment $1"
  known=$(gh api "$branches" --jq '.branch_policies[].name')
  if ! grep -qxF main <<<"$known"; then
    gh api --method POST "$branches" --input - --silent <<<'{"name": "main", "type": "branch"}'
    echo "created: main may deploy to $1"
  fi
  known=$(grep -vxF main <<<"$known" || true)
  [ -z "$known" ] ||
    echo "left: these may deploy to $1, too; delete those that you do not know: $known"
}

keep_environment maintenance '"reviewers": null, "prevent_self_review": false'
echo "yours: store the token that opens the pull requests of updates to $name:" \
  "gh secret set UPDATE_TOKEN --env maintenance --repo $REPOSITORY"
