/** Faults of a mirror, which a test may change at any time. A fault that is counted ends after `times` requests. */
export interface MirrorFaults {
  /** Answers requests for a range with 200 and the whole file. */
  ignoreRange: boolean;
  /** Closes the connection after this number of bytes of a body. */
  truncate: { afterBytes: number; times: number } | null;
  /** Stops sending after this number of bytes of a body, and keeps the connection open. */
  stall: { afterBytes: number; times: number } | null;
  /** Inverts the byte at this position of the file. */
  wrongByte: { position: number; times: number } | null;
  /** Sends at most this number of bytes per interval. */
  trickle: { bytes: number; everyMilliseconds: number } | null;
  /** Leaves out the length of bodies, which are then sent in chunks. */
  hideLength: boolean;
  /** Number of requests that the second server answers with 403, as for a signed address that expired. */
  expireSigned: number;
  /** Answers with 429 and the time to wait, in one of the two headers. */
  rateLimit: { times: number; seconds: number; header?: "ratelimit" | "retry-after"; server?: MirrorServer } | null;
  /** Answers with an error of the server. */
  serverError: { times: number; status?: number; server?: MirrorServer } | null;
  /** Number of bytes that the listing and the headers add to the size of every file. */
  lieAboutSize: number;
  /** Makes the listing and the headers name a wrong hash for every file. */
  lieAboutHash: boolean;
  /** Serves an HTML page with status 200 instead of every file. */
  html: boolean;
  /** Serves the pointer of Git LFS instead of every file. */
  pointer: boolean;
}

/** The hub itself, or the second server that it redirects to. */
export type MirrorServer = "hub" | "cdn";

export function noFaults(): MirrorFaults {
  return {
    ignoreRange: false,
    truncate: null,
    stall: null,
    wrongByte: null,
    trickle: null,
    hideLength: false,
    expireSigned: 0,
    rateLimit: null,
    serverError: null,
    lieAboutSize: 0,
    lieAboutHash: false,
    html: false,
    pointer: false,
  };
}

/** Returns whether a counted fault applies now, and counts it. */
export function takesFault<Fault extends { times: number }>(fault: Fault | null): fault is Fault {
  if (fault === null || fault.times <= 0) return false;
  fault.times -= 1;
  return true;
}
