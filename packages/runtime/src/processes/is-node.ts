import path from "node:path";

/** Whether the name of a program is Node's: `node`, `nodejs`, or one with a version, such as `node-24`. */
export function isNode(file: string): boolean {
  return /^node(js)?[-\d.]*$/.test(path.parse(file).name);
}
