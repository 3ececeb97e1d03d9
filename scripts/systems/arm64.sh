#!/usr/bin/env bash
# Runs the program as an arm64 program, under qemu's user emulation where this machine is no arm64 one: profile, init
# and check, rules, tools, MCP, a session that is killed, a remote engine, a memory cgroup that is exceeded, and a real
# model in its own process.
#
#   sudo apt-get install mmdebstrap qemu-user-static
#   sudo NANOAGENT_TEST_MODEL=FILE bash scripts/systems/arm64.sh [NODE…] [-- SMOKE-OPTION…]
#
# NODE is 22 by default; all of them are 22 24 26. The options are those of smoke.mjs: -- --only "rules,mcp"
#
# It lays out a root of Debian 13 packages, and Node from npm, in a temporary folder that goes afterwards; downloads
# are kept in NANOAGENT_TEST_CACHE (root.sh has all variables). It needs root for chroot, mounts in a namespace of its
# own and an entry in binfmt_misc (emulation.sh says why and how it goes). With a model it takes 10 minutes a version of
# Node under emulation, without one two.
#
# Limits by RLIMIT_DATA cannot be shown under user emulation: arm64-vm.sh shows them, with an arm64 kernel.
set -euo pipefail
# shellcheck source=scripts/systems/root.sh
. "$(dirname "$0")/root.sh"
# shellcheck source=scripts/systems/emulation.sh
. "$(dirname "$0")/emulation.sh"

begin_run arm64
need_root
need_tools mmdebstrap dpkg npm node
need_emulation arm64
versions=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  versions+=("$1")
  shift
done
[ $# -eq 0 ] || shift
[ "${#versions[@]}" -gt 0 ] || versions=(22)

install=$(packed_install linux-arm64)
make_root trixie arm64 "$work/root" dash coreutils libatomic1 libgomp1 libstdc++6 || {
  cat "$work/mmdebstrap.txt" >&2
  fail "the packages of Debian 13 for arm64 cannot be had"
  finish_run
}
for version in "${versions[@]}"; do
  if node=$(node_binary "$version" arm64); then
    emulated_smoke "arm64, Debian 13, Node $version" "$work/root" "$node" "$install" "$@"
  else
    fail "npm has no Node $version for arm64"
  fi
done
finish_run
