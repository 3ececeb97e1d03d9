#!/usr/bin/env bash
# Records the real output of libgpiod's programs, versions 1 and 2, for the tests of GPIO triggers: a virtual machine
# with a simulated GPIO chip (gpio-sim), whose lines change by its sysfs. Debian's kernels have no gpio-sim, so it is
# built from Debian's source of the same kernel. Needs root, mmdebstrap, qemu-system-x86, e2fsprogs and cpio.
#
#   sudo bash scripts/systems/gpio-vm.sh [v1|v2 …]
#
# Writes packages/server/test/triggers/sources/recordings/{v1,v2}/*.txt. The first line of each is the command. Both run
# with the kernel of Debian 12; v1 has its programs, v2 those of Debian 13. A run takes some minutes; the first one
# downloads about 500 MB. Variables: those of root.sh and vm.sh.
set -euo pipefail
. "$(dirname "$0")/root.sh"
. "$(dirname "$0")/vm.sh"

begin_run gpio-vm
need_root
need_vm_tools amd64
recordings=$systems/../../packages/server/test/triggers/sources/recordings
vm_memory_mb=512

kernel=$cache/gpio-kernel-bookworm
if [ ! -f "$kernel/initrd" ]; then
  root=$work/build
  make_root bookworm amd64 "$root" linux-image-amd64 linux-headers-amd64 linux-source-6.1 busybox-static \
    make dash bash coreutils sed grep findutils gawk tar xz-utils libc6-dev ||
    skip_run "cannot download the kernel: $(tail -n 1 "$work/mmdebstrap.txt")"
  version=$(basename "$root"/lib/modules/*)
  say "building gpio-sim for $version"
  # Maintainer scripts would create this link.
  ln -sfn gawk "$root/usr/bin/awk"
  mkdir -p "$root/build"
  tar -xf "$root"/usr/src/linux-source-6.1.tar.xz -C "$root/build" --strip-components=3 --wildcards \
    '*/drivers/gpio/gpio-sim.c' '*/drivers/gpio/gpiolib.h' '*/kernel/irq/irq_sim.c'
  # The simulated interrupts are not part of Debian's kernel either. irq_to_desc is not for modules.
  sed -i 's/handle_simple_irq(irq_to_desc(irqnum))/generic_handle_irq(irqnum)/' "$root/build/irq_sim.c"
  printf 'obj-m := gpio-simulator.o\ngpio-simulator-y := gpio-sim.o irq_sim.o\n' > "$root/build/Makefile"
  enter_root "$root" --writable /build -- sh -c "make -C /lib/modules/$version/build M=/build CC=gcc-12 modules" > "$work/make.txt" 2>&1 ||
    { tail -n 20 "$work/make.txt" >&2; skip_run "cannot build gpio-sim"; }
  mkdir -p "$kernel"
  cp "$root/build/gpio-simulator.ko" "$kernel/"
  cp "$(find "$root/lib/modules/" -name 'configfs.ko*' | head -n 1)" "$kernel/"
  cp -L "$root"/boot/vmlinuz-* "$kernel/vmlinuz"
  vm_make_initrd "$root"
  mv "$work/initrd" "$kernel/initrd"
  rm -rf --one-file-system "$root"
fi
vm_linux=$kernel/vmlinuz vm_initrd=$kernel/initrd

[ $# -gt 0 ] || set -- v1 v2
for version in "$@"; do
  case $version in v1) suite=bookworm ;; v2) suite=trixie ;; *) echo "unknown version $version" >&2; exit 2 ;; esac
  root=$work/root-$version
  make_root "$suite" amd64 "$root" dash coreutils mount kmod gpiod busybox-static ||
    skip_run "cannot download the packages of $suite: $(tail -n 1 "$work/mmdebstrap.txt")"
  cp "$kernel"/*.ko* "$root/opt/"
  echo "version=$version" > "$root/opt/version"
  vm_script "$root" < "$systems/gpio-vm-guest.sh"
  vm_image "$root" "$work/disk" 600
  rm -rf --one-file-system "$root"
  vm_run amd64 "$work/disk" "$work/console-$version.txt" 900 > /dev/null || true
  # The console has each recording between two lines.
  mkdir -p "$recordings/$version"
  awk -v folder="$recordings/$version" '
    /^=== end$/ { file = ""; next }
    /^=== / { file = folder "/" $2 ".txt"; printf "" > file; next }
    file { print > file }' "$work/console-$version.txt"
  if grep -q '^vm-exit: 0' "$work/console-$version.txt"; then pass "recorded $version"; else fail "$version did not finish"; fi
done
finish_run
