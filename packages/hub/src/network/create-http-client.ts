import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { version } from "../../package.json";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { HubError } from "../hub-error.js";
import { readAccessToken } from "./access-token.js";
import { checkHost } from "./allowed-hosts.js";
import { checkAddress, connectionError, isLostConnection, isTimeout } from "./connection-errors.js";
import type { AddressSetting, HttpClient, HttpRequest, HttpResponse } from "./http-client.js";
import { refusalOf } from "./hub-errors.js";
import { Routes } from "./proxies.js";
import { readText } from "./read-text.js";
import { isTemporary, readWaitSeconds } from "./retry-wait.js";
import { maskSecrets } from "./secrets.js";
import { dropBody, sendRequest } from "./send-request.js";

export interface HttpClientOptions {
  timeouts?: {
    /** Time for a connection and the headers of its response. Default: 30,000. */
    responseMilliseconds?: number;
    /** Longest pause of a body that is read as text. Default: 30,000. */
    idleMilliseconds?: number;
  };
  /** Seconds before each new try, which vary by a quarter. Default: 1, 2, 4, 8, 16. */
  waits?: readonly number[];
  /** Called before a wait, with the cause as a sentence. Not called again while a wait for the same host is announced. */
  onWait?: (seconds: number, reason: string) => void;
  /** Current time in milliseconds, for waits until a date. Default: `Date.now`. */
  now?: () => number;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MOST_REDIRECTS = 10;
/** Number of new tries after a timeout, each of which takes as long as the timeout. */
const TRIES_AFTER_TIMEOUT = 1;
/** Number of times that a text is requested again when its body ends early. */
const TRIES_OF_TEXT = 3;
/** Time by which a wait must be longer than the announced one to be announced too. */
const NEW_ANNOUNCEMENT_MILLISECONDS = 5000;

/** Creates a client that sends requests with `node:http` and `node:https`. */
export function createHttpClient(environment: HubEnvironment, options: HttpClientOptions = {}): HttpClient {
  const { waits = [1, 2, 4, 8, 16], onWait = () => {}, now = Date.now } = options;
  const { responseMilliseconds = 30_000, idleMilliseconds = 30_000 } = options.timeouts ?? {};
  const routes = new Routes(environment.variables, responseMilliseconds);
  const endpointOrigin = originOf(environment.endpoint);
  const ollamaOrigin = originOf(environment.ollamaRegistry);
  /** Ends of the announced waits, by host. */
  const announced = new Map<string, number>();
  let token: Promise<string | null> | null = null;

  const settingOf = ({ origin }: URL): AddressSetting | null =>
    origin === endpointOrigin ? "HF_ENDPOINT" : origin === ollamaOrigin ? "NANOAGENT_OLLAMA_REGISTRY" : null;

  /** Sends a request and follows its redirects. */
  const follow = async (request: HttpRequest): Promise<HttpResponse> => {
    let url = parseAddress(request.url);
    const setting = settingOf(url);
    let isFirstOrigin = true;
    for (let redirects = 0; ; redirects += 1) {
      checkHost(url, environment.allowedHosts);
      const route = routes.find(url);
      const response = await sendRequest({
        url,
        method: request.method ?? "GET",
        headers: await headersFor(url, request, isFirstOrigin),
        route,
        signal: request.signal,
        timeoutMilliseconds: responseMilliseconds,
      }).catch((cause: unknown) => {
        if (request.signal?.aborted) throw request.signal.reason;
        const { proxyHost, forwardProxy } = route;
        const way = { proxyHost, isForwarded: forwardProxy !== null, setting };
        throw new FailedRequest(cause, connectionError(cause, url, way));
      });
      const { location } = response.headers;
      if (!REDIRECTS.has(response.statusCode ?? 0) || location === undefined) {
        return wrap(response, url, request, await secretsOf());
      }
      const next = parseAddress(location, url, setting);
      if (next.origin !== url.origin) {
        if (request.redirect === "same-origin") return wrap(response, url, request, await secretsOf());
        isFirstOrigin = false;
      }
      dropBody(response);
      checkRedirect(url, next, redirects, setting);
      url = next;
    }
  };

  const headersFor = async (url: URL, request: HttpRequest, isFirstOrigin: boolean) => {
    const headers: Record<string, string> = { "user-agent": `nanoagent/${version}`, "accept-encoding": "identity" };
    for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value;
    if (!isFirstOrigin) {
      delete headers.authorization;
      delete headers.cookie;
    } else if (url.origin === endpointOrigin && headers.authorization === undefined) {
      const known = await readToken();
      const authorization = known === null ? environment.endpointAuthorization : `Bearer ${known}`;
      if (authorization !== null) headers.authorization = authorization;
    } else if (url.origin === ollamaOrigin && headers.authorization === undefined) {
      if (environment.ollamaAuthorization !== null) headers.authorization = environment.ollamaAuthorization;
    }
    return headers;
  };

  const readToken = (): Promise<string | null> => (token ??= readAccessToken(environment));

  /** Returns the texts that must not be shown, even if a server sends them back. */
  const secretsOf = async (): Promise<string[]> => {
    const known = token === null ? null : await token;
    const passwords = [environment.endpointAuthorization, environment.ollamaAuthorization].flatMap(credentialsIn);
    return [...(known === null ? [] : [known]), ...passwords];
  };

  const wrap = (
    response: IncomingMessage,
    url: URL,
    request: HttpRequest,
    secrets: readonly string[],
    tries = TRIES_OF_TEXT,
  ): HttpResponse => ({
    status: response.statusCode ?? 0,
    headers: readHeaders(response.headers, secrets),
    url: url.href,
    setting: settingOf(parseAddress(request.url)),
    body: response,
    text: async (maxBytes) => {
      const setting = settingOf(parseAddress(request.url));
      try {
        return maskSecrets(await readText(response, maxBytes, { idleMilliseconds, setting }), secrets);
      } catch (cause) {
        request.signal?.throwIfAborted();
        if (HubError.isInstance(cause)) throw cause;
        if (!isLostConnection(cause) || tries <= 1) throw connectionError(cause, url, { setting });
        const again = await send(request);
        return wrap(again.body as IncomingMessage, new URL(again.url), request, secrets, tries - 1).text(maxBytes);
      }
    },
  });

  /** Waits. Requests that wait for the same host at the same time announce it once. */
  const announceWait = async (seconds: number, reason: string, { url, signal }: HttpRequest): Promise<void> => {
    const { host } = new URL(url);
    const end = now() + seconds * 1000;
    const known = announced.get(host);
    if (known !== undefined && end <= known + NEW_ANNOUNCEMENT_MILLISECONDS) return pause(seconds, signal);
    announced.set(host, end);
    onWait(seconds, reason);
    try {
      await pause(seconds, signal);
    } finally {
      if (announced.get(host) === end) announced.delete(host);
    }
  };

  /** Sends a request until it succeeds or the tries are used up. */
  const send = async (request: HttpRequest): Promise<HttpResponse> => {
    let timeouts = 0;
    for (let tries = 0; ; tries += 1) {
      request.signal?.throwIfAborted();
      let failure: HubError;
      let seconds: number | null = null;
      try {
        const response = await follow(request);
        if (!isTemporary(response.status)) return response;
        dropBody(response.body as IncomingMessage);
        seconds = readWaitSeconds(response.headers, now());
        failure = refusalOf(response, new URL(response.url).pathname);
      } catch (cause) {
        if (!(cause instanceof FailedRequest)) throw cause;
        if (!isLostConnection(cause.cause)) throw cause.error;
        if (isTimeout(cause.cause) && ++timeouts > TRIES_AFTER_TIMEOUT) throw cause.error;
        failure = cause.error;
      }
      const backoff = waits[tries];
      if (backoff === undefined) throw failure;
      seconds = (seconds ?? backoff * 0.75) + Math.random() * backoff * 0.25;
      await announceWait(seconds, failure.message, request);
    }
  };

  return {
    request: async (request) => {
      if (environment.isOffline) throw offlineError(request.url);
      return send(request);
    },
  };
}

/** Cause of a request without a response, and the error for people. */
class FailedRequest extends Error {
  readonly error: HubError;
  constructor(cause: unknown, error: HubError) {
    super(error.message, { cause });
    this.error = error;
  }
}

async function pause(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await wait(seconds * 1000, undefined, { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    throw cause;
  }
}

function parseAddress(address: string, base?: URL, setting?: AddressSetting | null): URL {
  const url = URL.canParse(address, base?.href) ? new URL(address, base?.href) : null;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new HubError({
    code: base === undefined ? "hub-unreachable" : "hub-refused",
    message:
      base === undefined
        ? "The address cannot be requested."
        : `${base.host} redirects to an address that cannot be requested.`,
    reason: "It does not begin with http:// or https://.",
    hint: checkAddress(setting),
  });
}

function originOf(address: string): string | null {
  return URL.canParse(address) ? new URL(address).origin : null;
}

/** Returns the credentials in the value of an `Authorization` header, as they were sent and in plain text. */
function credentialsIn(authorization: string | null): string[] {
  const encoded = authorization?.replace(/^Basic /, "") ?? "";
  const plain = Buffer.from(encoded, "base64").toString();
  return [encoded, plain, plain.slice(plain.indexOf(":") + 1)];
}

/** Returns the headers, with secrets masked in the one that is repeated in messages. */
function readHeaders(headers: IncomingHttpHeaders, secrets: readonly string[]): HttpResponse["headers"] {
  const texts = Object.entries(headers).map(([name, value]) => {
    const text = Array.isArray(value) ? value.join(", ") : value;
    const isShown = name === "x-error-message" && text !== undefined;
    return [name, isShown ? maskSecrets(text, secrets) : text] as const;
  });
  return Object.fromEntries(texts);
}

function checkRedirect(from: URL, to: URL, redirects: number, setting: AddressSetting | null): void {
  const refuse = (message: string, reason: string) => {
    throw new HubError({
      code: "hub-refused",
      message,
      reason,
      hint: checkAddress(setting),
    });
  };
  if (redirects >= MOST_REDIRECTS) {
    refuse(`${from.host} redirects too often.`, `More than ${MOST_REDIRECTS} redirects were followed.`);
  }
  if (from.protocol === "https:" && to.protocol === "http:") {
    refuse(
      `${from.host} redirects to ${to.host} without TLS.`,
      "A redirect from https to http could change the file on its way.",
    );
  }
}

function offlineError(address: string): HubError {
  const host = URL.canParse(address) ? new URL(address).host : "the server";
  return new HubError({
    code: "hub-offline",
    message: `${host} was not contacted.`,
    reason: "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, which forbids all requests.",
    hint: "To allow requests: unset HF_HUB_OFFLINE TRANSFORMERS_OFFLINE",
  });
}
