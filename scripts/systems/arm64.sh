#!/usr/bin/env bash
# Tests the program on arm64, with qemu's user emulation on other machines: profile, init and check, rules, tools, MCP,
# a killed session, a remote engine, an exceeded memory cgroup, and a real model in its own process.
#
#   sudo apt-get install mmdebstrap qemu-user-static
#   sudo NANOAGENT_TEST_MODEL=FILE bash scripts/systems/arm64.sh [NODE…] [-- SMOKE-OPTION…]
#
# NODE is 22 by default; all of them are 22 24 26. The options are those of smoke.mjs: -- --only "rules,mcp"
#
# Creates a root file system of Debian 13 packages, with Node from npm, in a temporary folder. Downloads are cached in
# NANOAGENT_TEST_CACHE (root.sh describes all variables). Needs root for chroot, for mounts in a separate namespace, and
# for an entry in binfmt_misc (see emulation.sh). Under emulation a version of Node takes 10 minutes with a model, 2
# without.
#
# User emulation does not enforce RLIMIT_DATA: arm64-vm.sh tests it with an arm64 kernel.
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
  fail "cannot download the packages of Debian 13 for arm64"
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
