/** Ends a process, or with a negative number a process group, at once. One that has ended already is left alone. */
export function endProcess(processId: number): void {
  try {
    process.kill(processId, "SIGKILL");
  } catch {
    // It has ended, or belongs to another user.
  }
}
