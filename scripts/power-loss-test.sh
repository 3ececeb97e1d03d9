#!/bin/sh
# Tests sessions after a power loss: writes turns to an ext4 file system on a loop device, shuts the file system down
# without writing anything back, and mounts it again. Needs root, mkfs.ext4, loop devices and python3.
#
#   sudo sh scripts/power-loss-test.sh [ROUNDS]
#
# Prints a table: acknowledged turns, turns found, acknowledged turns lost, unacknowledged turns found, recorded acts
# lost, cut bytes, damage.
set -eu

rounds=${1:-10}
root=$(cd "$(dirname "$0")/.." && pwd)
writer=$root/packages/runtime/test/session/journal/keep-writing.mjs

skip() {
  echo "skipped: $1"
  exit 0
}

[ "$(uname -s)" = Linux ] || skip "needs Linux"
[ "$(id -u)" = 0 ] || skip "needs root"
for tool in mkfs.ext4 losetup mount umount python3 node; do
  command -v "$tool" > /dev/null || skip "needs $tool"
done
[ -f "$root/packages/runtime/dist/node.js" ] || skip "needs the build: pnpm build"

work=$(mktemp -d)
mounted=no
cleanup() {
  [ "$mounted" = no ] || umount "$work/disk" 2> /dev/null || umount -l "$work/disk" 2> /dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
mkdir "$work/disk"

# EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32), with EXT4_GOING_FLAGS_NOLOGFLUSH: nothing more reaches the device.
# The writer is stopped first: on some kernels an fdatasync that runs during the call returns 0 although its data is not
# on the device, and without power the program could not have printed its success either.
cat > "$work/shutdown.py" << 'PYTHON'
import fcntl, os, signal, struct, sys, time
folder = os.open(sys.argv[1], os.O_RDONLY)
writer = sys.argv[2]
os.kill(int(writer), signal.SIGSTOP)
def states():
    for thread in os.listdir(f"/proc/{writer}/task"):
        with open(f"/proc/{writer}/task/{thread}/stat") as stat:
            yield stat.read().rsplit(")", 1)[1].split()[0]
while not set(states()) <= {"T", "D"}:
    time.sleep(0.0001)
fcntl.ioctl(folder, 0x8004587D, struct.pack("I", 2))
PYTHON

cat > "$work/check.mjs" << JAVASCRIPT
import { readFileSync } from "node:fs";
import { Journal } from "$root/packages/runtime/dist/node.js";
const lines = readFileSync(process.argv[3], "utf8").split("\n");
const fsync = process.argv[4];
const printed = (begin) => lines.flatMap((line) => (line.startsWith(begin) ? [line.slice(begin.length)] : []));
const saved = printed(fsync + " saved ");
const acts = printed(fsync + " act ").map((act) => act.slice(act.indexOf(" ") + 1));
const journal = await Journal.open(process.argv[2] + "/" + fsync, { verifyEverything: true });
const found = [];
for await (const { messages } of journal.turns()) found.push(messages[0].content);
const lost = saved.filter((text, index) => found[index] !== text).length;
const lostActs = acts.filter((text) => !found.includes(text)).length;
const { torn_bytes, damage, missing_turns } = journal.report;
await journal.close();
const more = Math.max(0, found.length - saved.length);
const cells = [saved.length, found.length, lost, more, lostActs, torn_bytes, damage.length];
process.stdout.write(cells.map((cell) => String(cell).padStart(12)).join("") + "\n");
// With batch, an act is on the device before it happens, and so are all earlier records.
const hasFailed = { turn: lost > 0 || lostActs > 0 || more > 1, batch: lost > 16 || lostActs > 0, never: false }[fsync];
process.exitCode = hasFailed || (fsync !== "never" && missing_turns > 0) ? 1 : 0;
JAVASCRIPT

printf '%-8s%12s%12s%12s%12s%12s%12s%12s\n' fsync acknowledged found lost more 'acts lost' cut damaged
failed=0
for fsync in turn batch never; do
  round=0
  while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    rm -f "$work/image"
    truncate -s 64M "$work/image"
    mkfs.ext4 -q "$work/image" || skip "mkfs.ext4 cannot create a file system here"
    mount -o loop "$work/image" "$work/disk" 2> /dev/null || skip "cannot mount a loop device here"
    mounted=yes
    node "$writer" "$work/disk/session" Infinity "$fsync" > "$work/output" 2> "$work/errors" &
    child=$!
    sleep "0.$((3 + round % 7))"
    if ! python3 "$work/shutdown.py" "$work/disk" "$child" 2> "$work/errors"; then
      kill -9 "$child" 2> /dev/null || true
      wait "$child" 2> /dev/null || true
      skip "this kernel's ext4 cannot be shut down: $(tail -n 1 "$work/errors")"
    fi
    kill -9 "$child" 2> /dev/null || true
    wait "$child" 2> /dev/null || true
    umount "$work/disk"
    mount -o loop "$work/image" "$work/disk"
    printf '%-8s' "$fsync"
    node "$work/check.mjs" "$work/disk/session" "$work/output" "$fsync" || failed=1
    umount "$work/disk"
    mounted=no
  done
done
exit "$failed"
