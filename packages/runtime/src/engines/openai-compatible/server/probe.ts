import type { Answer, ServerConnection } from "../http/server-connection.js";
import { RemoteEngineError } from "../remote-engine-error.js";

/**
 * Asks a question that only one kind of server understands. A server that does not may answer anything, and that is
 * an answer too; only one that cannot be reached at all throws.
 */
export async function probe(connection: ServerConnection, path: string, signal: AbortSignal): Promise<Answer> {
  try {
    return await connection.ask(path, { signal });
  } catch (error) {
    if (!(error instanceof RemoteEngineError) || error.code === "remote-unreachable") throw error;
    return { status: 0, value: undefined, refusal: error };
  }
}
