# Who runs this: whoever may register applications in Entra, and give roles on the resources below.
# What it does: an identity for test and one for prod, each of which is used through the service
# connection of its environment and in no other way, and has no secret.
# It needs az, and `az login`. Run it first: ci.sh needs what it tells at its end. Run it again with
# what ci.sh tells, which is who may use the identities.

issuer() {
  if [ "$1" = test ]; then echo "${TEST_ISSUER:-}"; else echo "${PROD_ISSUER:-}"; fi
}

subject() {
  if [ "$1" = test ]; then echo "${TEST_SUBJECT:-}"; else echo "${PROD_SUBJECT:-}"; fi
}
