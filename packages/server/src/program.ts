// Internal parts that the nanoagent program uses. It is built from the sources, so these are not published.

export { findKeyFile } from "./access/key-file.js";
export { isLoopback } from "./access/loopback.js";
export { isVariableName, openKeys } from "./access/open-keys.js";
export { stateFolderOf } from "./access/state-folder.js";
export { fleetNeedsBroker } from "./automation/fleet-needs-broker.js";
export { runThroughService } from "./automation/run-through-service.js";
export { triggersNeedSession } from "./automation/triggers-need-session.js";
export { DEFAULT_HOST, DEFAULT_PORT } from "./http/default-address.js";
export { listenError } from "./http/listen-error.js";
export { canonicalHost } from "./http/listen-host.js";
export { readTlsFiles } from "./http/tls-files.js";
export { clientIdOf } from "./mqtt/client-id.js";
export { readLine, readLines } from "./status/read-line.js";
export { findPlace } from "./status/service-places.js";
export { type SocketFailure, socketFailure } from "./status/socket-failure.js";
export { UserSocket } from "./status/user-socket.js";
export type { LoggedEvent } from "./triggers/events/read-event-log.js";
export type { AddedEvent, TriggerState } from "./triggers/triggers.js";
export { readNetwork } from "./wyoming/client-rules.js";
export { listenHost as wyomingHost } from "./wyoming/listen-host.js";

/** Loads the parts about triggers. */
export const loadTriggerParts = () => import("./trigger-program-parts.js");
/** Loads everything that runs triggers. */
export const loadTriggers = () => import("./triggers/index.js");
/** Loads everything that connects to a broker. */
export const loadMqtt = () => import("./mqtt/index.js");
