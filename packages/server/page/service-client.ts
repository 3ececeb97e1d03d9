/** Longest time for the answer to a request other than that for the stream, in milliseconds. */
const ANSWER_MILLISECONDS = 15_000;

export const UNREACHABLE = "The service cannot be reached.";

/** An answer that is not a success, or a missing answer. */
export class RequestError extends Error {
  /** 0 if the service could not be reached. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Requests to the service, with the key. */
export class ServiceClient {
  readonly #readKey: () => string | null;
  readonly #onKeyNeeded: () => void;

  constructor(readKey: () => string | null, onKeyNeeded: () => void) {
    this.#readKey = readKey;
    this.#onKeyNeeded = onKeyNeeded;
  }

  /** Sends JSON and returns that of the answer. Rejects with {@link RequestError}. */
  async send(method: "POST" | "DELETE", path: string, body: unknown = null): Promise<unknown> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), ANSWER_MILLISECONDS);
    const init = { method, signal: limit.signal, ...(body !== null && { body: JSON.stringify(body) }) };
    try {
      const response = await this.fetch(path, init);
      return await response.json().catch(() => {
        throw new RequestError(0, UNREACHABLE);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Rejects with {@link RequestError} unless the answer is a success. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const key = this.#readKey();
    const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
    if (init.body !== undefined) headers["content-type"] = "application/json";
    const response = await fetch(path, { ...init, headers, cache: "no-store" }).catch(() => {
      throw new RequestError(0, UNREACHABLE);
    });
    if (response.ok) return response;
    // An answer to an earlier key says nothing about this one.
    if (response.status === 401 && key === this.#readKey()) this.#onKeyNeeded();
    throw new RequestError(response.status, await messageOf(response));
  }
}

/** Message of an error in OpenAI's form, or of a proxy that answers in place of the service. */
async function messageOf(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error?: { message?: unknown } };
    if (typeof error?.message === "string") return error.message;
  } catch {
    // Not JSON.
  }
  return `The service answered with status ${response.status}.`;
}
