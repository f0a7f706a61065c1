# Who runs this: a project administrator of Azure DevOps, once the pipelines' files are on main.
# What it does: the pipelines.
# It needs az with the extension azure-devops, and `az login`.

where=(--organization "${ORGANIZATION%/}" --project "$PROJECT")

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
    echo "made: the pipeline $name $1, from $2"
  fi
}

keep_pipeline checks azure-pipelines.yml
keep_pipeline release ci/azure-devops/release.yml
keep_pipeline weekly ci/azure-devops/maintenance.yml
