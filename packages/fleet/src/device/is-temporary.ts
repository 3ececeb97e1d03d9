/**
 * Codes of failures that may pass without a change of the bundle or of this device: of the download of the bundle and of its
 * models, and of the broker.
 */
const temporary: ReadonlySet<string> = new Set([
  "bundle-unreadable",
  "update-undecided",
  "hub-unreachable",
  "hub-refused",
  "download-failed",
]);

/** Whether the same bundle may work a while later. */
export function isTemporary(code: string | null): boolean {
  return code !== null && temporary.has(code);
}
