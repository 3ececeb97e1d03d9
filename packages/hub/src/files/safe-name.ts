/** Longest name of a file on the usual file systems, in bytes, less the endings of partial files. */
const MAX_NAME_BYTES = 220;
/** Most folders in a path. */
const MAX_SEGMENTS = 8;
/** Names that Windows reserves for devices, with any ending, and endings that it drops. */
const UNUSABLE_ON_WINDOWS = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)|[<>:"|?*]|[. ]$/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are refused.
const FORBIDDEN = /[\u0000-\u001f\u007f/\\]/;

/** Whether a text can be the name of a file or folder here: without separators and control characters, and not `..`. */
export function isSafeName(name: string, platform: NodeJS.Platform = process.platform): boolean {
  return (
    name !== "" &&
    name !== "." &&
    name !== ".." &&
    !FORBIDDEN.test(name) &&
    !(platform === "win32" && UNUSABLE_ON_WINDOWS.test(name)) &&
    Buffer.byteLength(name) <= MAX_NAME_BYTES
  );
}

/** Whether a path with slashes consists of safe names, so that it stays within the folder that it is joined to. */
export function isSafePath(path: string): boolean {
  const names = path.split("/");
  return names.length <= MAX_SEGMENTS && names.every((name) => isSafeName(name));
}

/** Whether a text is a git commit: 40 hex digits. */
export function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** Whether a text is a SHA-256: 64 hex digits in lower case. */
export function isSha256(text: unknown): text is string {
  return typeof text === "string" && /^[0-9a-f]{64}$/.test(text);
}
