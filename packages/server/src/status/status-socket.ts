import type { ServiceStatus } from "./service-status.js";
import { UserSocket } from "./user-socket.js";

/** Answers `nanoagent status` through a socket of this user. Resolves with null if there can be none. */
export function openStatusSocket(readStatus: () => Promise<ServiceStatus>): Promise<UserSocket | null> {
  return UserSocket.open("serve", (socket) => {
    readStatus().then(
      (status) => socket.end(`${JSON.stringify(status)}\n`),
      () => socket.destroy(),
    );
  });
}
