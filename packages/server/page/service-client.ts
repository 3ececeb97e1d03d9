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
    const init = body === null ? {} : { body: JSON.stringify(body) };
    const response = await this.fetch(path, { method, ...init });
    return response.status === 204 ? null : response.json().catch(() => null);
  }

  /** Rejects with {@link RequestError} unless the answer is a success. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const key = this.#readKey();
    const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
    if (init.body !== undefined) headers["content-type"] = "application/json";
    const response = await fetch(path, { ...init, headers, cache: "no-store" }).catch(() => {
      throw new RequestError(0, "The service cannot be reached.");
    });
    if (response.ok) return response;
    if (response.status === 401) this.#onKeyNeeded();
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
