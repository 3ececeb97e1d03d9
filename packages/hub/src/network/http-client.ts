/** Variables with the address of a source. */
export type AddressSetting = "HF_ENDPOINT" | "NANOAGENT_OLLAMA_REGISTRY";

export interface HttpRequest {
  url: string;
  method?: "GET" | "HEAD" | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  signal?: AbortSignal | undefined;
  /** `same-origin` stops at a redirect to another origin and returns it. Default: `follow`. */
  redirect?: "follow" | "same-origin" | undefined;
}

/** Body of a response: a readable stream of Node. Programs need no types of Node to use it. */
export interface HttpBody extends AsyncIterable<Uint8Array> {
  /** Closes the connection. */
  destroy(error?: Error): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

export interface HttpResponse {
  status: number;
  /** Headers by their name in lower case; several of one name are joined by commas. */
  headers: Readonly<Record<string, string | undefined>>;
  /** Address of this response, after redirects. */
  url: string;
  /** Variable with the address that was asked first, for advice; null: none. Default: `HF_ENDPOINT`. */
  setting?: AddressSetting | null | undefined;
  /** Body, which must be read or destroyed. */
  body: HttpBody;
  /** Reads the body as text. Throws for one of more than `maxBytes`. */
  text(maxBytes: number): Promise<string>;
}

/**
 * Sends requests.
 *
 * - Contacts only allowed hosts, and none while offline.
 * - Sends the access token, or else the user and password in the address of the endpoint, to the endpoint alone, and
 *   removes them from what a server sends back.
 * - Never follows a redirect from https to http.
 * - Waits and tries again after 408, 429, 500, 502, 503, 504, a lost connection and a timeout, a bounded number of times.
 * - Resolves with the response of any other status.
 * - Rejects with a `HubError` when no response arrives, and with the signal's reason when it aborts.
 */
export interface HttpClient {
  request(request: HttpRequest): Promise<HttpResponse>;
}
