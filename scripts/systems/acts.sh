#!/usr/bin/env bash
# Counts how often real models do the right thing, with a tenth of the built-in scenarios that the weights never saw. Fails
# when a model does it less often than it did when its row was written, or calls needlessly too often. A model that cannot be
# had is named as left out. Arguments: none. NANOAGENT_TEST_MODEL names the smallest; fetch-test-model brings the other.
set -euo pipefail
cd "$(dirname "$0")/../.."
fetch=../shared/scripts/fetch-test-model

# model, least share of right acts in 100 of the sample
rows=("135m 50" "0.5b 50")

path_of() {
  if [[ $1 == 135m && -n ${NANOAGENT_TEST_MODEL:-} ]]; then echo "$NANOAGENT_TEST_MODEL"; return; fi
  [[ -x $fetch ]] && timeout 600 "$fetch" "$1" 2>/dev/null || true
}

failed=0
for row in "${rows[@]}"; do
  read -r name least <<<"$row"
  model=$(path_of "$name")
  if [[ -z $model ]]; then echo "acts: the model $name cannot be had, and is left out"; continue; fi
  echo "acts: $name, at least $least of 100"
  node packages/cli/dist/main.js eval --model "$model" --part development --limit 18 --max-tokens 48 --min-right "$least" --show-wrong \
    || failed=1
done
exit "$failed"
