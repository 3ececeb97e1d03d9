import { connect } from "node:net";
import type { ServiceStatus } from "./service-status.js";

/** Longest wait for an answer. */
const ANSWER_MILLISECONDS = 3000;
const MAX_ANSWER_BYTES = 256 * 1024;

/** A service that runs on this machine. */
export interface FoundService {
  /** Null: it runs, but did not answer in time. */
  status: ServiceStatus | null;
  /** Path of its socket. */
  socket: string;
}

/** Asks all running services of this user for their status. Removes the sockets of those that have ended. */
export async function findServices(): Promise<FoundService[]> {
  // It loads the runtime's parts for Node, which apps that only mount a handler do not need.
  const { listPlaces, removePlaces } = await import("./service-places.js");
  const asked = (await listPlaces()).map(async (socket): Promise<FoundService | null> => {
    try {
      return { socket, status: asStatus(await ask(socket)) };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Only a refused connection proves that the service has ended.
      if (code === "ECONNREFUSED") await removePlaces(socket);
      return code === "ECONNREFUSED" || code === "ENOENT" ? null : { socket, status: null };
    }
  });
  return (await Promise.all(asked))
    .filter((service) => service !== null)
    .sort((one, other) => (one.status?.started_at ?? "").localeCompare(other.status?.started_at ?? ""));
}

/** Reads the answer of a service up to its end. */
function ask(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const pieces: Buffer[] = [];
    let bytes = 0;
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const timer = setTimeout(() => finish(() => resolve("")), ANSWER_MILLISECONDS);
    socket.on("data", (piece) => {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > MAX_ANSWER_BYTES) finish(() => resolve(""));
    });
    socket.once("end", () => finish(() => resolve(Buffer.concat(pieces).toString("utf8"))));
    socket.once("error", (error) => finish(() => reject(error)));
  });
}

function asStatus(answer: string): ServiceStatus | null {
  try {
    const status = JSON.parse(answer) as Partial<ServiceStatus> | null;
    return typeof status?.name === "string" && typeof status.pid === "number" && status.health !== undefined
      ? (status as ServiceStatus)
      : null;
  } catch {
    return null;
  }
}
