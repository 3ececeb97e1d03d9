/** Whether a process with this number exists. */
export function processExists(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch (error) {
    // The process exists and belongs to another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
