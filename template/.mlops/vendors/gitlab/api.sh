api="projects/${REPOSITORY//\//%2F}"

# send METHOD ADDRESS: send standard input to an address of the project.
send() {
  glab api --method "$1" "$api$2" --header "Content-Type: application/json" --input - >/dev/null
}

# ask ADDRESS FILTER: the result of a jq filter on the answer.
ask() {
  glab api "$api$1" | jq --raw-output "$2"
}
