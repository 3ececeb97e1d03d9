#!/usr/bin/env bash
# Tests the program on 32-bit ARM with Debian 13's own Node, with qemu's user emulation on other machines: profile, init
# and check, rules, tools, MCP, a killed session, and a remote engine. llama.cpp is not published for 32-bit ARM: with a
# model, the script checks that the program refuses it with a reason.
#
#   sudo apt-get install mmdebstrap qemu-user-static
#   sudo NANOAGENT_TEST_MODEL=FILE bash scripts/systems/armhf.sh
#
# Works like arm64.sh. Takes 3 minutes.
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
  fail "cannot download the packages of Debian 13 for armhf"
  finish_run
}
emulated_smoke "armhf, Debian 13, its own Node" "$work/root" "$work/root/usr/bin/node" "$install"
finish_run
