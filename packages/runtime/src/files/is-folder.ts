import { stat } from "node:fs/promises";

/** Whether a path leads to a folder. Links are followed. */
export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() === true;
}
