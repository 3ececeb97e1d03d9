/**
 * Processor time of this process in milliseconds: unlike the time that passes, it says what work costs while other programs
 * keep the processor busy. Windows counts it in steps longer than a token takes, so there it is the time that passes.
 */
export function processorClock(): number {
  if (process.platform === "win32") return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
