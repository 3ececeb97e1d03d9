import { isGgufPath } from "../names/name-rules.js";
import type { RemoteFile } from "./remote-model.js";

/** Largest text of a license, in bytes. The longest known one has 35 KB. */
const MAX_BYTES = 256 * 1024;

/** Most texts. Repositories have a license, a notice and a policy. */
const MAX_FILES = 8;

const LICENSE_FILE = /^(?:licen[cs]e|notice|copying|use[-_]policy)(?:[-_.][^/]*)?$/i;

/** Whether a path names a text of the license at the root of a repository. */
export function isLicensePath(path: string): boolean {
  return LICENSE_FILE.test(path) && !isGgufPath(path);
}

/** Returns the first texts of a license that are small enough to be stored. */
export function storedLicenses(files: readonly RemoteFile[]): RemoteFile[] {
  return files.filter(({ bytes }) => bytes !== null && bytes <= MAX_BYTES).slice(0, MAX_FILES);
}
