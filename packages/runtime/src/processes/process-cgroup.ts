/** Cgroup with a limit of its own, made for one process. */
export interface ProcessCgroup {
  /** Writing one's process number here moves one in. */
  readonly processesFile: string;
  /** Whether the kernel has ended a process in it for want of memory. */
  killedForMemory(): boolean;
  remove(): Promise<void>;
}
