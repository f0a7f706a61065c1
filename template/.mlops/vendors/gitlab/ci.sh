# Who runs this: a maintainer of the project at GitLab (Premium or Ultimate, 18.7 or newer).
# What it does: creates the weekly pipeline, and a mail to the team when a pipeline of main fails.
# Where the model runs elsewhere, also an environment for test and one for prod, each with an
# identity to deploy with; a deployment waits for the approvers before prod, and nobody approves
# their own.
# It needs glab, `glab auth login`, and jq.

known=$(ask /pipeline_schedules '.[] | select(.description == "'"$name weekly"'") | .id')
if [ -n "$known" ]; then
  echo "found: the weekly pipeline"
else
  send POST /pipeline_schedules <<<'{"description": "'"$name weekly"'", "ref": "refs/heads/main",
    "cron": "0 5 * * 1", "cron_timezone": "UTC", "active": true}'
  echo "created: the weekly pipeline"
fi
send PUT /integrations/pipelines-email <<<'{"recipients": "'"$mail"'",
  "notify_only_broken_pipelines": true, "branches_to_be_notified": "default"}'
echo "set: a mail to $mail when a pipeline of main fails"
