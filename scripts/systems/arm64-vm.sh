#!/usr/bin/env bash
# Tests the program on an arm64 kernel: a virtual machine with Debian 13's kernel, a cortex-a72 and 2 GB. Unlike in
# arm64.sh, RLIMIT_DATA, /proc/self/maps and cgroup v2 are real. Needs no arm64 machine.
#
#   sudo apt-get install mmdebstrap qemu-system-arm e2fsprogs cpio
#   sudo NANOAGENT_TEST_MODEL=FILE bash scripts/systems/arm64-vm.sh [NODE…|armhf]     default: 22 24 26 armhf
#
# All checks without a model run with every version of Node; armhf is Debian's own Node for 32-bit ARM on the same
# kernel. The real model gives one answer per version, because an emulated processor is slow. Takes 15 minutes on 2
# cores. root.sh and vm.sh describe the variables. Leaves no files behind.
set -euo pipefail
# shellcheck source=scripts/systems/root.sh
. "$(dirname "$0")/root.sh"
# shellcheck source=scripts/systems/vm.sh
. "$(dirname "$0")/vm.sh"

# Time limit for the machine, in seconds.
vm_seconds=2400

begin_run arm64-vm
need_root
need_vm_tools arm64
need_tools dpkg npm node
[ $# -gt 0 ] || set -- 22 24 26 armhf

root=$work/root
install=$(packed_install linux-arm64)
if ! make_root trixie arm64 "$root" dash coreutils libatomic1 libgomp1 libstdc++6 mount busybox-static ||
  ! vm_kernel trixie arm64; then
  cat "$work/mmdebstrap.txt" >&2
  fail "cannot download the packages of Debian 13 for arm64"
  finish_run
fi
mkdir -p "$root/usr/local/bin"
cp -r "$install" "$root/opt/nanoagent"
cp "$systems/smoke.mjs" "$root/opt/smoke.mjs"
for version in "$@"; do
  if [ "$version" = armhf ]; then
    make_root trixie armhf "$root/armhf" dash coreutils nodejs || {
      cat "$work/mmdebstrap.txt" >&2
      fail "cannot download the packages of Debian 13 for armhf"
      finish_run
    }
    cp -r "$install" "$root/armhf/opt/nanoagent"
    rm -rf "$root/armhf/opt/nanoagent/node_modules/@node-llama-cpp"
    cp "$systems/smoke.mjs" "$root/armhf/opt/smoke.mjs"
  else
    cp "$(node_binary "$version" arm64)" "$root/opt/node-$version"
  fi
done
model=${NANOAGENT_TEST_MODEL:-}
if [ -n "$model" ]; then
  cp "$model" "$root/opt/model.gguf"
  [ ! -d "$root/armhf" ] || ln "$root/opt/model.gguf" "$root/armhf/opt/model.gguf"
fi

# The script of the machine has a section per run of the smoke suite.
sections=()
smoke_section() {
  local version=$1 argument enter=
  shift
  if [ "$version" = armhf ]; then
    enter="chroot /armhf "
    sections+=("32-bit ARM, Debian 13's own Node")
    # shellcheck disable=SC2016 # Expanded in the machine.
    echo 'for name in proc sys dev tmp; do mount --rbind "/$name" "/armhf/$name"; done'
  else
    sections+=("arm64, Node $version")
    # Tools that run node find it in this folder.
    echo "ln -sfn /opt/node-$version /usr/local/bin/node"
  fi
  # shellcheck disable=SC2016 # Expanded in the machine.
  printf 'echo "== %s, kernel $(uname -r)"\n' "${sections[-1]}"
  printf '%snode /opt/smoke.mjs --install /opt/nanoagent --slowness 40' "$enter"
  for argument in "$@"; do printf ' "%s"' "$argument"; done
  printf '\n'
}
{
  echo 'mount -t cgroup2 cgroup2 /sys/fs/cgroup'
  echo 'busybox ip link set lo up'
  for version in "$@"; do
    if [ -z "$model" ]; then
      smoke_section "$version"
    elif [ "$version" = armhf ]; then
      smoke_section "$version" --model /opt/model.gguf
    else
      smoke_section "$version" --model /opt/model.gguf \
        --without "a killed engine comes back=one answer of an emulated processor is enough" \
        --without "an abort ends a reply=one answer of an emulated processor is enough"
    fi
  done
} > "$work/script"
vm_script "$root" < "$work/script"
vm_image "$root" "$work/disk" 2500

vm_accelerator arm64
[ "$vm_accelerated" = kvm ] || vm_machine=(-machine virt -cpu cortex-a72)
vm_run arm64 "$work/disk" "$work/console.txt" "$vm_seconds" || true

# Counts each section of the console. A missing section counts as a failure.
awk -v prefix="$work/section-" '/^== / { number++ } /^(vm-exit:|\[ )/ { next } number { print; print > (prefix number) }' \
  "$work/console.txt"
for number in "${!sections[@]}"; do
  touch "$work/section-$((number + 1))"
  count_smoke "$work/section-$((number + 1))" "${sections[number]}"
done
finish_run
