// Internal parts that the nanoagent program uses. It is built from the sources, so these are not published.

export { isLoopback } from "./access/loopback.js";
export { openKeys } from "./access/open-keys.js";
export { readTlsFiles } from "./http/tls-files.js";
