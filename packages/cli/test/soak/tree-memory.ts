import { readdirSync, readFileSync } from "node:fs";

const SAMPLE_MILLISECONDS = 20;

/** Runs an action, and returns its value and the most memory that the process had with all its descendants meanwhile. */
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

/** The process and its descendants; those that have moved to another parent are found by their session's leader. */
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

/** Private memory of a process, and its share of what it has in common with others. Code in files is left out. */
function memoryKbOf(processId: number): number {
  try {
    const text = readFileSync(`/proc/${processId}/smaps_rollup`, "latin1");
    const value = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
    return value("Pss_Anon") + value("Pss_Shmem");
  } catch {
    return 0;
  }
}
