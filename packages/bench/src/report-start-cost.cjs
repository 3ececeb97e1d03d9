// Preloaded (`node -r`) into every start whose memory and processor time are measured: at its exit, the most that was
// resident, in bytes, and the time that it took, in microseconds, go to file descriptor 3. On Linux from VmHWM: `maxRSS`
// may still show the parent's memory, from before the exec.
const { readFileSync, writeSync } = require("node:fs");

process.once("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const kilobytes =
    process.platform === "linux"
      ? Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1])
      : maxRSS;
  writeSync(3, `${kilobytes * 1024} ${userCPUTime + systemCPUTime}`);
});
