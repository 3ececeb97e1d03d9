import { createHash } from "node:crypto";
import type { DownloadOptions } from "../../src/download/download-file.js";
import { createHttpClient } from "../../src/network/create-http-client.js";
import type { RemoteFile } from "../../src/sources/remote-model.js";
import type { HubMirror } from "../../src/testing/hub-mirror.js";
import { environmentOf } from "../network/hub-environment-of.js";

/** Returns the file `a.gguf` of `org/tiny` as a listing of the mirror describes it. */
export function remoteFile(mirror: HubMirror, contents: Buffer, others: Partial<RemoteFile> = {}): RemoteFile {
  return {
    path: "a.gguf",
    bytes: contents.length,
    sha256: createHash("sha256").update(contents).digest("hex"),
    gitSha1: null,
    url: `${mirror.url}/org/tiny/resolve/main/a.gguf`,
    ...others,
  };
}

/** Options with short waits. */
export function quickly(mirror: HubMirror, others: Partial<DownloadOptions> = {}): DownloadOptions {
  const client = createHttpClient(environmentOf(mirror.url), { waits: [0.01, 0.01, 0.01] });
  return { client, timeouts: { waits: [0.01, 0.01, 0.01], pollMilliseconds: 20 }, ...others };
}

/** Ranges that the second server was asked for; null for the whole. */
export function rangesOf(mirror: HubMirror): (string | null)[] {
  return mirror.requests
    .filter(({ server }) => server === "cdn")
    .map(({ headers }) => headers.range?.toString() ?? null);
}
