api="projects/${REPOSITORY//\//%2F}"

# send METHOD ADDRESS: send there what is piped in.
send() {
  glab api --method "$1" "$api$2" --header "Content-Type: application/json" --input - >/dev/null
}

# ask ADDRESS FILTER: what the filter of jq finds in the answer.
ask() {
  glab api "$api$1" | jq --raw-output "$2"
}
