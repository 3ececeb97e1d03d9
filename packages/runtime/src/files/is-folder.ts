import { stat } from "node:fs/promises";

/** Whether there is a folder at a path, links followed. */
export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() === true;
}
