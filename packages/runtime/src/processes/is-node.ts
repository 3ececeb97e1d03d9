import path from "node:path";

/** Whether a program is Node by its name: `node`, `nodejs`, or one with its version, such as `node-24`. */
export function isNode(file: string): boolean {
  return /^node(js)?[-\d.]*$/.test(path.parse(file).name);
}
