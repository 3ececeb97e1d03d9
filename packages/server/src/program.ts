// Internal parts that the nanoagent program uses. It is built from the sources, so these are not published.

export { findKeyFile } from "./access/key-file.js";
export { isLoopback } from "./access/loopback.js";
export { isVariableName, openKeys } from "./access/open-keys.js";
export { stateFolderOf } from "./access/state-folder.js";
export { DEFAULT_HOST, DEFAULT_PORT } from "./http/default-address.js";
export { canonicalHost } from "./http/listen-host.js";
export { readTlsFiles } from "./http/tls-files.js";
export { readNetwork } from "./wyoming/client-rules.js";
export { listenHost as wyomingHost } from "./wyoming/listen-host.js";
