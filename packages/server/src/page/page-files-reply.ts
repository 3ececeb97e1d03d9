import crypto from "node:crypto";
import { parseHostName } from "../access/host-name.js";
import { isLoopback } from "../access/loopback.js";
import type { HttpRequest, WholeReply } from "../http/exchange.js";
import { pageFiles } from "./page-files.js";

/** Names of the page's files, and their types. */
const types = {
  html: "text/html; charset=utf-8",
  script: "text/javascript; charset=utf-8",
  style: "text/css; charset=utf-8",
  icon: "image/svg+xml; charset=utf-8",
} as const;

export type PageFile = keyof typeof types;

/** The page loads only its own files, has no inline scripts or styles, and cannot be shown within another page. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const securityHeaders = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
} as const;

/** Browsers ignore it, and complain about it, where neither TLS nor the host makes the address trustworthy. */
const openerPolicy = { "cross-origin-opener-policy": "same-origin" } as const;

const tags = new Map<PageFile, string>();

/** Returns a file of the page, or 304 for a browser that has it. */
export function replyWithFile(request: HttpRequest, file: PageFile): WholeReply {
  const etag = tagOf(file);
  const headers = {
    ...securityHeaders,
    ...(isLocal(request) && openerPolicy),
    etag,
    // A browser asks each time, so that an update of the program is an update of the page.
    "cache-control": "no-cache",
    ...(file === "html" && { vary: "accept" }),
  };
  if (hasTag(request.header("if-none-match"), etag)) return { status: 304, headers };
  return { status: 200, headers: { ...headers, "content-type": types[file] }, body: pageFiles[file] };
}

function isLocal(request: HttpRequest): boolean {
  return isLoopback(parseHostName(request.header("host") ?? "")?.name ?? "");
}

function tagOf(file: PageFile): string {
  const known = tags.get(file);
  if (known !== undefined) return known;
  const tag = `"${crypto.createHash("sha256").update(pageFiles[file]).digest("base64url").slice(0, TAG_CHARACTERS)}"`;
  tags.set(file, tag);
  return tag;
}

/** Enough that two versions never have the same. */
const TAG_CHARACTERS = 22;

function hasTag(header: string | null, tag: string): boolean {
  if (header === null) return false;
  const sent = header.split(",").map((one) => one.trim().replace(/^W\//, ""));
  return sent.includes(tag) || header.trim() === "*";
}
