#!/usr/bin/env bash
# Tests the packed program with each supported version of Node on this machine's architecture, and that older versions
# get a clear error. Needs Linux, npm and this clone's build (pnpm build), but not root.
#
#   NANOAGENT_TEST_MODEL=FILE bash scripts/systems/nodes.sh [VERSION …]      default: 20 22 24 26
set -euo pipefail
# shellcheck source=root.sh
. "$(dirname "$0")/root.sh"

begin_run nodes
[ "$(uname -s)" = Linux ] || skip_run "needs Linux"
need_tools npm node tar
case $(uname -m) in
  x86_64) architecture=amd64 ;;
  aarch64) architecture=arm64 ;;
  *) skip_run "npm has no Node for $(uname -m)" ;;
esac
install=$(packed_install "linux-$(node_architecture "$architecture")")

# Versions that lack a feature that the program needs, each a different one.
too_old=()
if [ $# -eq 0 ]; then
  set -- 20 22 24 26
  too_old=(18.20.8 20.11.0 22.1.0)
fi

model=()
[ -z "${NANOAGENT_TEST_MODEL:-}" ] || model=(--model "$NANOAGENT_TEST_MODEL")
for version in "$@"; do
  node=$(node_binary "$version" "$architecture") || { fail "npm has no Node $version for $architecture"; continue; }
  title="Node $("$node" --version)"
  echo "== $title"
  "$node" "$systems/smoke.mjs" --install "$install" "${model[@]}" > "$work/smoke.txt" 2>&1 || true
  cat "$work/smoke.txt"
  count_smoke "$work/smoke.txt" "$title"
  # The line editor uses parts of Node that differ between versions. Without CI, vitest leaves the report of `npm test`.
  if ! command -v tmux > /dev/null; then
    skip "$title: terminal (needs tmux)"
  elif (cd "$systems/../.." && env -u CI NANOAGENT_TEST_NODE="$node" node_modules/.bin/vitest run --config scripts/vitest.config.ts --project cli \
    terminal-screen --testNamePattern "40 columns") > "$work/terminal.txt" 2>&1; then
    pass "$title: terminal"
  else
    fail "$title: terminal: $(grep -m 3 -E "Error|×" "$work/terminal.txt")"
  fi
done

for version in "${too_old[@]}"; do
  node=$(node_binary "$version" "$architecture") || { skip "cannot download Node $version"; continue; }
  status=0
  said=$("$node" "$install/node_modules/@nanoagent/cli/dist/main.js" run 2>&1) || status=$?
  if [ "$status" = 1 ] && [[ $said == "error: nanoagent needs Node "*"This is Node $version."* ]]; then
    pass "Node $version is refused: $(head -n 1 <<< "$said")"
  else
    fail "Node $version: exit code $status: $said"
  fi
done
finish_run
