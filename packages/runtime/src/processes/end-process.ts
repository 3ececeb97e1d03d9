/** Kills a process or, with a negative number, a process group. Does nothing if it has already ended. */
export function endProcess(processId: number): void {
  try {
    process.kill(processId, "SIGKILL");
  } catch {
    // It has ended, or belongs to another user.
  }
}
