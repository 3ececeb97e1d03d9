#!/usr/bin/env bash
# Tests musl support without a Node for musl, because package registries have no such Node. Uses the loader of Debian's
# musl package instead:
#
# - a C program for musl loads llama.cpp's file, and shows the error of musl's loader;
# - the installed program, with the path of that C program as its own, must report musl.
#
# Needs musl-gcc (apt-get install musl-tools), npm and this clone's build.
#
#   bash scripts/systems/musl.sh
set -euo pipefail
. "$(dirname "$0")/root.sh"

begin_run musl
[ "$(uname -s)" = Linux ] || skip_run "needs Linux"
need_tools musl-gcc npm node
case $(uname -m) in
  x86_64) platform=linux-x64 ;;
  aarch64) platform=linux-arm64 ;;
  *) skip_run "llama.cpp has no package for $(uname -m)" ;;
esac
echo "No Node for musl is available here. These checks use a small C program for musl instead."
install=$(packed_install "$platform")
addon=$(find "$install/node_modules/@node-llama-cpp/$platform" -name llama-addon.node | head -n 1)
[ -n "$addon" ] || skip_run "the package @node-llama-cpp/$platform has no llama-addon.node"

cat > "$work/load.c" << 'C'
#include <dlfcn.h>
#include <stdio.h>

int main(int count, char **arguments) {
  if (count < 2) return 2;
  if (dlopen(arguments[1], RTLD_NOW) != NULL) return 0;
  puts(dlerror());
  return 1;
}
C
musl-gcc -o "$work/load" "$work/load.c"
loader=$(LC_ALL=C grep -aoE '/lib/ld-musl-[a-z0-9_]+\.so\.1' "$work/load" | head -n 1) || true
if [ -n "$loader" ] && [ -x "$loader" ]; then
  pass "a C program for musl has the loader $loader"
else
  fail "the C program does not have the loader of musl: '$loader'"
fi

status=0
said=$("$work/load" "$addon" 2>&1) || status=$?
if [ "$status" = 1 ]; then
  pass "musl's loader refuses llama-addon.node: $(echo "$said" | head -n 3 | tr '\n' ' ' | sed "s|$install|…|g")"
else
  fail "musl's loader: exit code $status, $said"
fi

cat > "$install/musl-check.mjs" << 'JAVASCRIPT'
import { checkLlamaAddon } from "@nanoagent/runtime/engines/llama";
process.execPath = process.argv[2];
try {
  await checkLlamaAddon();
  console.log("no problem was found");
} catch (error) {
  console.log([error.code, error.message, error.reason, error.hint].join(" | "));
}
JAVASCRIPT
said=$(node "$install/musl-check.mjs" "$work/load" 2>&1) || true
rm "$install/musl-check.mjs"
case $said in
  "engine-unavailable | "*musl*"$loader"*) pass "checkLlamaAddon, with the path of a program for musl: $said" ;;
  *) fail "checkLlamaAddon does not name musl: $said" ;;
esac

# The same with nanoagent check, with the path of the running program replaced.
if [ -n "${NANOAGENT_TEST_MODEL:-}" ]; then
  cat > "$work/as-musl.mjs" << JAVASCRIPT
process.execPath = "$work/load";
JAVASCRIPT
  cat > "$work/agent.json" << JSON
{
  "spec": { "name": "musl", "max_memory_mb": 600, "max_model_size_mb": 2000 },
  "device": "auto",
  "model_path": "$(realpath "$NANOAGENT_TEST_MODEL")",
  "engine": { "context": 512 }
}
JSON
  status=0
  said=$(node --import "$work/as-musl.mjs" "$install/node_modules/@nanoagent/cli/dist/main.js" check --config "$work/agent.json" 2>&1) || status=$?
  said=$(echo "$said" | tr '\n' ' ' | sed "s|$work|…|g")
  if [ "$status" = 2 ] && [[ $said == *musl* ]] && [[ $said == *openai-compatible* ]] && [[ $said != *"All is well"* ]]; then
    pass "nanoagent check, with the path of a program for musl: $said"
  else
    fail "nanoagent check, with the path of a program for musl: exit code $status, $said"
  fi
else
  skip "nanoagent check: NANOAGENT_TEST_MODEL is not set"
fi
finish_run
