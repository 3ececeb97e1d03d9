import http, { type IncomingMessage } from "node:http";
import { BrokenTransfer } from "./broken-transfer.js";
import { findAddressIssue } from "./bundle-address.js";
import { describeFailure } from "./describe-failure.js";
import { fetchError } from "./fetch-error.js";

const MAX_REDIRECTS = 5;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface RangeRequest {
  readonly url: string;
  /** First byte. */
  readonly from: number;
  /** Strong ETag of the earlier part: the whole file is sent if it has changed. */
  readonly tag: string | null;
  readonly signal: AbortSignal;
  /** Longest time until the headers of a response are here. */
  readonly timeoutMilliseconds: number;
}

/** Requests a file from a byte on. Follows redirects, and sends no credentials. The caller must end the response. */
export async function requestRange(request: RangeRequest): Promise<IncomingMessage> {
  let url = new URL(request.url);
  for (let hops = 0; ; hops += 1) {
    const response = await send(url, request);
    const { location } = response.headers;
    if (!redirects.has(response.statusCode ?? 0) || location === undefined) return response;
    response.destroy();
    const host = new URL(request.url).host;
    if (hops === MAX_REDIRECTS)
      throw fetchError(host, `It redirects more than ${MAX_REDIRECTS} times.`, "Check the address.");
    url = nextAddress(location, url, host);
  }
}

function nextAddress(location: string, from: URL, host: string): URL {
  const hint = "Check the address.";
  const target = URL.canParse(location, from.href) ? new URL(location, from.href) : null;
  const issue = target === null ? "It is not a URL." : findAddressIssue(target.href);
  if (target === null || issue !== null)
    throw fetchError(host, `It redirects to an address that cannot be used. ${issue}`, hint);
  if (from.protocol === "https:" && target.protocol === "http:")
    throw fetchError(host, "It redirects from https to http.", hint);
  return target;
}

async function send(url: URL, { from, tag, signal, timeoutMilliseconds }: RangeRequest): Promise<IncomingMessage> {
  // TLS takes 3 MB of memory.
  const { request }: Pick<typeof http, "request"> = url.protocol === "https:" ? await import("node:https") : http;
  const headers = {
    accept: "*/*",
    "accept-encoding": "identity",
    "user-agent": "nanoagent",
    ...(from > 0 && { range: `bytes=${from}-` }),
    ...(from > 0 && tag !== null && { "if-range": tag }),
  };
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const sent = request(url.href, { headers, agent: false });
    const timer = setTimeout(() => sent.destroy(new Error("The server did not answer in time.")), timeoutMilliseconds);
    const abort = () => sent.destroy();
    signal.addEventListener("abort", abort, { once: true });
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    };
    sent.once("response", (response) => {
      clearTimeout(timer);
      response.once("close", end);
      // An error without a listener ends the process.
      response.on("error", () => {});
      resolve(response);
    });
    // Also after the response.
    sent.on("error", (cause) => {
      end();
      reject(signal.aborted ? signal.reason : new BrokenTransfer(describeFailure(cause), { cause }));
    });
    sent.once("close", () => {
      end();
      if (signal.aborted) reject(signal.reason);
    });
    sent.end();
  });
}
