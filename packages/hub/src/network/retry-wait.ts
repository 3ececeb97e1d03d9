import type { IncomingHttpHeaders } from "node:http";

/** Longest wait for a server that asks for one, in seconds. Hugging Face counts requests in windows of this length. */
export const LONGEST_WAIT_SECONDS = 300;

/** Statuses after which the same request may succeed. */
const TEMPORARY = new Set([408, 429, 500, 502, 503, 504]);

export function isTemporary(status: number): boolean {
  return TEMPORARY.has(status);
}

/** Reads the time that a server asks to wait, in seconds; null if it asks for none. At most `LONGEST_WAIT_SECONDS`. */
export function readWaitSeconds(headers: IncomingHttpHeaders, nowMilliseconds: number): number | null {
  const seconds = readRateLimit(headers.ratelimit) ?? readRetryAfter(headers["retry-after"], nowMilliseconds);
  return seconds === null ? null : Math.min(Math.max(seconds, 0), LONGEST_WAIT_SECONDS);
}

/** Reads `"api";r=0;t=55`: no requests are left, and the count starts anew in 55 seconds. */
function readRateLimit(header: string | string[] | undefined): number | null {
  const text = Array.isArray(header) ? header.join(",") : header;
  if (text === undefined || text.length > 1000) return null;
  let longest: number | null = null;
  for (const limit of text.split(",")) {
    const remaining = /;\s*r=(\d+)\s*(?:;|$)/.exec(limit)?.[1];
    const seconds = /;\s*t=(\d{1,9})\s*(?:;|$)/.exec(limit)?.[1];
    if (seconds === undefined || Number(remaining) !== 0) continue;
    longest = Math.max(longest ?? 0, Number(seconds));
  }
  return longest;
}

/** Reads a number of seconds, or a date. */
function readRetryAfter(header: string | undefined, nowMilliseconds: number): number | null {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text);
  if (!/[a-z]/i.test(text) || text.length > 100) return null;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.ceil((date - nowMilliseconds) / 1000);
}
