/** A cgroup with its own limit, created for one process. */
export interface ProcessCgroup {
  /** File to write a process number to, which moves that process into the cgroup. */
  readonly processesFile: string;
  /** Whether the kernel has killed a process in it because of its memory limit. */
  killedForMemory(): boolean;
  remove(): Promise<void>;
}
