// Preloaded (`node -r`) into every start whose memory is measured: at its exit, the most that was resident, in bytes,
// goes to file descriptor 3. On Linux from VmHWM: `maxRSS` may still show the parent's memory, from before the exec.
const { readFileSync, writeSync } = require("node:fs");

process.once("exit", () => {
  const kilobytes =
    process.platform === "linux"
      ? Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1])
      : process.resourceUsage().maxRSS;
  writeSync(3, String(kilobytes * 1024));
});
