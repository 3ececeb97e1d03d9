#!/usr/bin/env bash
# Runs the program on 32-bit ARM, under qemu's user emulation where this machine is no such one, with Debian 13's own
# Node: profile, init and check, rules, tools, MCP, a session that is killed, and a remote engine. llama.cpp is not
# published for 32-bit ARM: with a model the script checks that the program refuses it and says why.
#
#   sudo apt-get install mmdebstrap qemu-user-static
#   sudo NANOAGENT_TEST_MODEL=FILE bash scripts/systems/armhf.sh
#
# It works as arm64.sh does, and takes 3 minutes.
set -euo pipefail
# shellcheck source=scripts/systems/root.sh
. "$(dirname "$0")/root.sh"
# shellcheck source=scripts/systems/emulation.sh
. "$(dirname "$0")/emulation.sh"

begin_run armhf
need_root
need_tools mmdebstrap dpkg npm node
need_emulation armhf

install=$(packed_install none)
make_root trixie armhf "$work/root" dash coreutils nodejs || {
  cat "$work/mmdebstrap.txt" >&2
  fail "the packages of Debian 13 for armhf cannot be had"
  finish_run
}
emulated_smoke "armhf, Debian 13, its own Node" "$work/root" "$work/root/usr/bin/node" "$install"
finish_run
