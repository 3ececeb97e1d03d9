import type { Answer, ServerConnection } from "../http/server-connection.js";
import { RemoteEngineError } from "../remote-engine-error.js";

/**
 * Sends a request that only one kind of server supports. Other servers may respond with anything, which is a valid
 * result. Throws only if the server is unreachable.
 */
export async function probe(connection: ServerConnection, path: string, signal: AbortSignal): Promise<Answer> {
  try {
    return await connection.ask(path, { signal });
  } catch (error) {
    if (!(error instanceof RemoteEngineError) || error.code === "remote-unreachable") throw error;
    return { status: 0, value: undefined, refusal: error };
  }
}
