# Who runs this: a maintainer of the project at GitLab (Premium or Ultimate).
# What it does: main changes only by merge requests that have passed the checks, and that another
# person and the owners in CODEOWNERS have approved.
# It needs glab, `glab auth login`, and jq.

send PUT "" <<<'{"only_allow_merge_if_pipeline_succeeds": true,
  "allow_merge_on_skipped_pipeline": false}'
echo "set: a merge request of $name waits for the checks"

send POST /approvals <<<'{"merge_requests_author_approval": false,
  "merge_requests_disable_committers_approval": true, "reset_approvals_on_push": true,
  "disable_overriding_approvers_per_merge_request": true}'
rule='{"name": "All Members", "rule_type": "any_approver", "approvals_required": '$approvals'}'
known=$(ask /approval_rules '.[] | select(.rule_type == "any_approver") | .id')
if [ -n "$known" ]; then
  send PUT "/approval_rules/$known" <<<"$rule"
else
  send POST /approval_rules <<<"$rule"
fi
echo "set: another person approves ($approvals at least), again after each push"

# GitLab protects main from the start, but lets maintainers push to it.
known=$(ask /protected_branches '.[] | select(.name == "main")
  | {allow_force_push: false, code_owner_approval_required: true, allowed_to_push: (
      [.push_access_levels[] | select(.access_level != 0) | {id, _destroy: true}]
      + if any(.push_access_levels[]; .access_level == 0) then [] else [{access_level: 0}] end)}')
if [ -n "$known" ]; then
  send PATCH /protected_branches/main <<<"$known"
else
  send POST /protected_branches <<<'{"name": "main", "push_access_level": 0,
    "merge_access_level": 40, "allow_force_push": false, "code_owner_approval_required": true}'
fi
echo "set: nobody pushes to main, and the owners of the changed files approve"
