#!/usr/bin/env bash
# Measures how often real models act correctly, with a tenth of the built-in scenarios that no weights were fitted to.
# Fails if a model is right less often than its row demands. A model that is not available is skipped with a message. No
# arguments. NANOAGENT_TEST_MODEL is the path of the smallest model; fetch-test-model downloads the other.
set -euo pipefail
cd "$(dirname "$0")/../.."
fetch=../shared/scripts/fetch-test-model

# Model, and the lowest accepted percentage of right acts.
rows=("135m 50" "0.5b 50")

path_of() {
  if [[ $1 == 135m && -n ${NANOAGENT_TEST_MODEL:-} ]]; then echo "$NANOAGENT_TEST_MODEL"; return; fi
  [[ -x $fetch ]] && timeout 600 "$fetch" "$1" 2>/dev/null || true
}

failed=0
for row in "${rows[@]}"; do
  read -r name least <<<"$row"
  model=$(path_of "$name")
  if [[ -z $model ]]; then echo "acts: the model $name is not available, skipped"; continue; fi
  echo "acts: $name, at least $least %"
  node packages/cli/dist/main.js eval --model "$model" --part development --limit 18 --max-tokens 48 --min-right "$least" --show-wrong \
    || failed=1
done
exit "$failed"
