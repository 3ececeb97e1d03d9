import { readdirSync, readFileSync } from "node:fs";

const SAMPLE_MILLISECONDS = 20;

/** Runs an action and returns its value with the peak memory of the process and all its descendants. */
export async function peakOfTree<Value>(
  root: number,
  action: () => Promise<Value>,
): Promise<{ value: Value; peakMb: number }> {
  let peakKb = 0;
  const sample = () => {
    const kb = treeOf(root).reduce((sum, processId) => sum + memoryKbOf(processId), 0);
    peakKb = Math.max(peakKb, kb);
  };
  const timer = setInterval(sample, SAMPLE_MILLISECONDS);
  try {
    return { value: await action(), peakMb: peakKb / 1024 };
  } finally {
    clearInterval(timer);
  }
}

/** Returns a process and its descendants. Reparented descendants are found by their session leader. */
function treeOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = statOf(Number(name))?.parent;
    if (parent !== undefined) parents.set(Number(name), parent);
  }
  const tree = [root];
  for (const processId of tree) for (const [child, parent] of parents) if (parent === processId) tree.push(child);
  return tree;
}

function statOf(processId: number): { parent: number } | null {
  try {
    const text = readFileSync(`/proc/${processId}/stat`, "latin1");
    return { parent: Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]) };
  } catch {
    return null;
  }
}

/** Returns the private memory of a process plus its proportional share of shared memory, without code from files. */
function memoryKbOf(processId: number): number {
  try {
    const text = readFileSync(`/proc/${processId}/smaps_rollup`, "latin1");
    const value = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
    return value("Pss_Anon") + value("Pss_Shmem");
  } catch {
    return 0;
  }
}
