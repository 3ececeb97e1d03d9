#!/usr/bin/env bash
# Tests the program on Debian 11, 12 and 13 with Node 22 and 24, in root file systems of Debian's packages. Needs root,
# mmdebstrap, npm and this clone's build (pnpm build).
#
#   sudo NANOAGENT_TEST_MODEL=FILE bash scripts/systems/debian.sh [11|12|13|old-libstdc++ …]
#
# Debian 11 has glibc 2.31, but llama.cpp needs 2.34: there, the program must refuse models with that reason, and
# everything else must work. old-libstdc++ is Debian 12 with the C++ library of Debian 11. Node 22 and 24 need glibc
# 2.28.
set -euo pipefail
# shellcheck source=root.sh
. "$(dirname "$0")/root.sh"

begin_run debian
need_root
need_tools mmdebstrap npm node

packages=(dash coreutils procps libstdc++6)
nodes=(22 24)
install=$(packed_install linux-x64)

# nanoagent ARGUMENT…: runs the program in $root with $node; its output is in $work/said.txt.
nanoagent() {
  enter_root "$root" --bind "$node:/usr/local/bin/node" --bind "$install:/opt/nanoagent" --bind "$work/config:/opt/config" \
    --bind "$(realpath "$NANOAGENT_TEST_MODEL"):/opt/model.gguf" \
    -- node /opt/nanoagent/node_modules/@nanoagent/cli/dist/main.js "$@" > "$work/said.txt" 2>&1 < /dev/null
}

# refusal TITLE FOUND LOADER: checks that a model that this system cannot run is refused. FOUND is the expected text of
# check and init, LOADER is the message of the system's loader in run.
refusal() {
  local title=$1 found=$2 loader=$3 config=/opt/config/agent.json
  if [ -z "${NANOAGENT_TEST_MODEL:-}" ]; then
    skip "$title, refusal of a model: NANOAGENT_TEST_MODEL is not set"
    return
  fi
  mkdir -p "$work/config"
  cat > "$work/config/agent.json" << 'JSON'
{
  "spec": { "name": "old", "max_memory_mb": 600, "max_model_size_mb": 2000 },
  "device": "auto",
  "model_path": "/opt/model.gguf",
  "engine": { "context": 512 }
}
JSON
  expect "$title: check refuses the model" 2 "$found" check --config "$config"
  expect "$title: check names a remote engine" 2 openai-compatible check --config "$config"
  expect "$title: init names the same reason" 0 "$found" init --yes --model /opt/model.gguf /tmp/agent.yaml
  expect "$title: run shows the loader's message" any "$loader" run --config "$config" --once hello
}

# expect TITLE STATUS PATTERN ARGUMENT…: runs the program and checks its exit code and output. STATUS any: any code
# above 0. The loader names the first missing version, not the newest.
expect() {
  local title=$1 wanted=$2 pattern=$3 status=0 said
  shift 3
  nanoagent "$@" || status=$?
  said=$(tr '\n' ' ' < "$work/said.txt" | cut -c1-900)
  if [ "$wanted" != any ] && [ "$status" != "$wanted" ]; then
    fail "$title: exit code $status instead of $wanted: $said"
  elif [ "$wanted" = any ] && [ "$status" = 0 ]; then
    fail "$title: exit code 0: $said"
  elif grep -q 'All is well' "$work/said.txt"; then
    fail "$title: the program reports no problem"
  elif ! grep -qE "$pattern" "$work/said.txt"; then
    fail "$title: no output matches $pattern: $said"
  else
    pass "$title: $(grep -E '^(error|note|  why):' "$work/said.txt" | tr '\n' ' ' | cut -c1-400)"
  fi
}

# glibc_of ROOT: prints the version string of the C library.
glibc_of() {
  LC_ALL=C grep -aoE 'GLIBC [0-9][^) ]*' "$1"/usr/lib/x86_64-linux-gnu/libc.so.6 | head -n 1 || echo "unknown glibc"
}

[ $# -gt 0 ] || set -- 11 12 13 old-libstdc++
for name in "$@"; do
  case $name in
    11) suite=bullseye ;;
    12 | old-libstdc++) suite=bookworm ;;
    13) suite=trixie ;;
    *) skip_run "unknown release $name; use 11, 12, 13 or old-libstdc++" ;;
  esac
  root=$work/root-$name
  if ! make_root "$suite" amd64 "$root" "${packages[@]}"; then
    skip "Debian $name: cannot download its packages: $(tail -n 1 "$work/mmdebstrap.txt")"
    continue
  fi
  if [ "$name" = old-libstdc++ ]; then
    make_root bullseye amd64 "$work/older" libstdc++6 || { skip "$name: cannot download the packages of Debian 11"; continue; }
    cp "$(readlink -f "$work/older/usr/lib/x86_64-linux-gnu/libstdc++.so.6")" "$(readlink -f "$root/usr/lib/x86_64-linux-gnu/libstdc++.so.6")"
  fi
  for major in "${nodes[@]}"; do
    node=$(node_binary "$major" amd64) || { skip "Debian $name, Node $major: cannot download this Node"; continue; }
    title="Debian $name ($(glibc_of "$root")), Node $major"
    case $name in
      11)
        # Without the model, which cannot run there; refusal tests that.
        NANOAGENT_TEST_MODEL='' root_smoke "$title" "$root" "$node" "$install"
        refusal "$title" 'glibc 2\.34.*2\.31' 'version .GLIBC_2\.[0-9]+. not found'
        ;;
      old-libstdc++)
        NANOAGENT_TEST_MODEL='' root_smoke "$title" "$root" "$node" "$install"
        refusal "$title" 'GLIBCXX_3\.4\.30.*GLIBCXX_3\.4\.28' 'version .GLIBCXX_3\.4\.[0-9]+. not found'
        ;;
      *) root_smoke "$title" "$root" "$node" "$install" ;;
    esac
  done
  rm -rf --one-file-system "$root"
done
finish_run
