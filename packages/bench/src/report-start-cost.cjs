// Preloaded (`node -r`) into every start whose memory and processor time are measured. At exit, it writes the peak of
// resident memory, in bytes, and the processor time, in microseconds, to file descriptor 3. On Linux the peak is from
// VmHWM: `maxRSS` can still show the memory of the parent, from before the exec.
const { readFileSync, writeSync } = require("node:fs");

process.once("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const kilobytes =
    process.platform === "linux"
      ? Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1])
      : maxRSS;
  writeSync(3, `${kilobytes * 1024} ${userCPUTime + systemCPUTime}`);
});
