#!/usr/bin/env bash
# What can be proved of a system with musl without a Node that is built for it: no such Node can be had from a package
# registry, and none is run here. The loader of Debian's package musl and two programs made here stand in:
#
# - a C program built against musl loads llama.cpp's file, and shows what musl says;
# - the installed program is told that it runs as a program built against musl, and says so.
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
  *) skip_run "there is no package of llama.cpp for $(uname -m)" ;;
esac
echo "No Node built for musl was run: none can be had here. What follows is shown with programs made for it."
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
  pass "a program built against musl: its loader is $loader"
else
  fail "the program made here does not name the loader of musl: '$loader'"
fi

status=0
said=$("$work/load" "$addon" 2>&1) || status=$?
if [ "$status" = 1 ]; then
  pass "the loader of musl refuses llama-addon.node: $(echo "$said" | head -n 3 | tr '\n' ' ' | sed "s|$install|…|g")"
else
  fail "the loader of musl: exit code $status, $said"
fi

cat > "$install/musl-check.mjs" << 'JAVASCRIPT'
import { checkLlamaAddon } from "@nanoagent/runtime/engines/llama";
process.execPath = process.argv[2];
try {
  await checkLlamaAddon();
  console.log("nothing was found");
} catch (error) {
  console.log([error.code, error.message, error.reason, error.hint].join(" | "));
}
JAVASCRIPT
said=$(node "$install/musl-check.mjs" "$work/load" 2>&1) || true
rm "$install/musl-check.mjs"
case $said in
  "engine-unavailable | "*musl*"$loader"*) pass "the check of the installed program, as a program built against musl: $said" ;;
  *) fail "the check of the installed program does not name musl: $said" ;;
esac

# The same through the program itself: check, init and run with the running program's path replaced.
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
    pass "nanoagent check, as a program built against musl: $said"
  else
    fail "nanoagent check, as a program built against musl: exit code $status, $said"
  fi
else
  skip "nanoagent check: NANOAGENT_TEST_MODEL is not set"
fi
finish_run
