# Who runs this: an administrator of the repository at GitHub, after the first run of the checks.
# What it does: main changes only by pull requests that have passed the checks, and that another
# person and the owners in CODEOWNERS have approved.
# It needs gh, and `gh auth login`. Run it again when the jobs of the checks are renamed.

api="repos/$REPOSITORY/rulesets"
required=$(printf '{"context": "%s"}, ' "${checks[@]}")
rules=$(
  cat <<END
{
  "name": "$name main",
  "target": "branch",
  "enforcement": "active",
  "bypass_actors": [],
  "conditions": {"ref_name": {"include": ["refs/heads/main"], "exclude": []}},
  "rules": [
    {"type": "deletion"},
    {"type": "non_fast_forward"},
    {
      "type": "pull_request",
      "parameters": {
        "required_approving_review_count": $approvals,
        "require_code_owner_review": true,
        "require_last_push_approval": true,
        "dismiss_stale_reviews_on_push": true,
        "required_review_thread_resolution": false
      }
    },
    {
      "type": "required_status_checks",
      "parameters": {
        "strict_required_status_checks_policy": false,
        "required_status_checks": [${required%, }]
      }
    }
  ]
}
END
)
known=$(gh api "$api" --jq '.[] | select(.name == "'"$name main"'") | .id')
if [ -n "$known" ]; then
  gh api --method PUT "$api/$known" --input - --silent <<<"$rules"
else
  gh api --method POST "$api" --input - --silent <<<"$rules"
fi
echo "set: main requires the checks, $approvals approval(s), and the owners of the files"
for check in "${checks[@]}"; do
  echo "set: main requires the check '$check'"
done
