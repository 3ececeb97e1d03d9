/**
 * Processor time of this process in milliseconds. Unlike wall-clock time, it measures the cost of work even while other
 * programs keep the processor busy. Windows counts it in steps longer than a token takes, so it returns wall-clock time
 * there.
 */
export function processorClock(): number {
  if (process.platform === "win32") return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
