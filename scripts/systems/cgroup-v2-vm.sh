#!/usr/bin/env bash
# Tests the program in virtual machines with cgroup v2, with cgroup v1, and without a memory controller, with a kernel
# and root file system of Debian's packages. Needs root, mmdebstrap, qemu-system-x86, e2fsprogs, cpio, npm and this
# clone's build.
#
#   sudo NANOAGENT_TEST_MODEL=FILE bash scripts/systems/cgroup-v2-vm.sh [v2|v1|none …]
#
# With v2 and v1, everything runs in a delegated cgroup of 600 MB without swap, as systemd creates with Delegate=yes.
# With none, the kernel is started with cgroup_disable=memory. The whole smoke suite runs with v2, memory checks with
# the others. In the emulator a machine takes some minutes. Variables, in addition to those of root.sh and vm.sh:
#
#   NANOAGENT_TEST_NODE      major version of Node: 22 (default), 24
#   NANOAGENT_TEST_CONSOLE   folder for the console output of the machines
set -euo pipefail
. "$(dirname "$0")/root.sh"
. "$(dirname "$0")/vm.sh"

begin_run cgroup-v2-vm
need_root
need_vm_tools amd64
[ -n "${NANOAGENT_TEST_MODEL:-}" ] || skip_run "NANOAGENT_TEST_MODEL is not set"
suite=bookworm
major=${NANOAGENT_TEST_NODE:-22}
console=${NANOAGENT_TEST_CONSOLE:-$work}
mkdir -p "$console"

install=$(packed_install linux-x64)
node=$(node_binary "$major" amd64) || skip_run "cannot download Node $major"
root=$work/root
make_root "$suite" amd64 "$root" dash coreutils grep procps libstdc++6 mount busybox-static ||
  skip_run "cannot download the packages of $suite: $(tail -n 1 "$work/mmdebstrap.txt")"
vm_kernel "$suite" amd64 || skip_run "cannot download the kernel of $suite: $(tail -n 1 "$work/mmdebstrap.txt")"
cp "$node" "$root/usr/local/bin/node" 2> /dev/null || install -D "$node" "$root/usr/local/bin/node"
mkdir -p "$root/opt/nanoagent"
cp -r "$install/." "$root/opt/nanoagent/"
cp "$systems/smoke.mjs" "$systems/cgroups.mjs" "$root/opt/"
cp "$NANOAGENT_TEST_MODEL" "$root/opt/model.gguf"

vm_script "$root" << 'GUEST'
busybox ip link set lo up
slowness=1 control=none
for word in $(cat /proc/cmdline); do
  case $word in nanoagent.*=*) eval "${word#nanoagent.}" ;; esac
done
case $control in
  v2)
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    echo +memory > /sys/fs/cgroup/cgroup.subtree_control
    mkdir -p /sys/fs/cgroup/agent/program
    echo 600M > /sys/fs/cgroup/agent/memory.max
    echo 0 > /sys/fs/cgroup/agent/memory.swap.max 2> /dev/null
    echo +memory > /sys/fs/cgroup/agent/cgroup.subtree_control
    echo $$ > /sys/fs/cgroup/agent/program/cgroup.procs
    ;;
  v1)
    mount -t tmpfs tmpfs /sys/fs/cgroup
    mkdir /sys/fs/cgroup/memory
    mount -t cgroup -o memory cgroup /sys/fs/cgroup/memory || exit 1
    mkdir /sys/fs/cgroup/memory/agent
    echo 600M > /sys/fs/cgroup/memory/agent/memory.limit_in_bytes
    echo $$ > /sys/fs/cgroup/memory/agent/cgroup.procs
    ;;
  none) mount -t cgroup2 cgroup2 /sys/fs/cgroup ;;
esac
echo "$(uname -sr), cgroup $control, $(grep '^memory' /proc/cgroups)"
cat /proc/self/cgroup
status=0
set -- --install /opt/nanoagent --model /opt/model.gguf --slowness "$slowness"
[ "$control" = v2 ] || set -- "$@" --only "version,rules,a tool's limit,a budget that is too small is refused,an engine's limit is enforced"
node /opt/smoke.mjs "$@" || status=1
node /opt/cgroups.mjs --install /opt/nanoagent --model /opt/model.gguf --control "$control" --slowness "$slowness" || status=1
exit $status
GUEST
say "creating the disk"
vm_image "$root" "$work/disk" 1500
rm -rf --one-file-system "$root"
vm_accelerator amd64
slowness=1 seconds=300
[ "$vm_accelerated" = kvm ] || { slowness=25 seconds=1500; }

[ $# -gt 0 ] || set -- v2 v1 none
for control in "$@"; do
  arguments=("nanoagent.control=$control" "nanoagent.slowness=$slowness")
  [ "$control" != none ] || arguments+=(cgroup_disable=memory)
  title="Debian 12 in a virtual machine ($vm_accelerated), cgroup $control, Node $major"
  echo "== $title"
  vm_run amd64 "$work/disk" "$console/console-$control.txt" "$seconds" "${arguments[@]}" || true
  grep -vE '^vm-exit|sysrq|reboot: ' "$console/console-$control.txt" || true
  count_smoke "$console/console-$control.txt" "$title" smoke
  count_smoke "$console/console-$control.txt" "$title" cgroups
done
finish_run
