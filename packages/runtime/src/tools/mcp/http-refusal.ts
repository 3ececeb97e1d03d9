import { cutText } from "@nanoagent/models";
import { findServerMessage } from "../../server-words.js";
import { cleanText } from "../tool-result-text.js";

/** Most characters of an explanation that are considered. */
const MAX_REASON_CHARACTERS = 200;

/** Possible text before the sentence: words for the status, with or without its number. */
const opening =
  /(?:(?:(?:mcp |http )?error(?: -?\d+)?|bad request|not found|unauthori[sz]ed|forbidden|gone|invalid request|\d{3})(?:: ?| - ))*/;
/** Examples: `no valid session`, `unknown or expired session`, `could not find the session`. */
const noSession =
  /(?:no (?:(?:valid|active|such|known|existing) )?|(?:invalid|unknown|missing|expired|unrecogni[sz]ed)(?: or \w+)? |(?:could|can) ?not find (?:the |a )?)(?:mcp[- ]|transport )?session/;
/** Examples: `session ID 17 does not exist`, `session has expired`. */
const sessionIsGone =
  /(?:mcp[- ])?session(?:[- ]?id)?(?: (?:with )?(?:id )?\S{1,80}?)?:? (?:(?:is|was|has|have|does|did|could|can|already|been) ?)*(?:(?:not|no longer) (?:be )?(?:found|exists?|valid|known|active|initiali[sz]ed|available|recogni[sz]ed)|unknown|invalid|expired|terminated|closed|deleted|gone|missing|lost|ended)/;
const serverIsNew = /server (?:is )?not initiali[sz]ed/;
/** Sentences of common servers that are only about the session. */
const lostSession = new RegExp(
  `^${opening.source}(?:(?:the|your|this) )?(?:${noSession.source}|${sessionIsGone.source}|${serverIsNew.source})\\b`,
  "i",
);

/** Whether a server's message only says that the session is unknown. */
export function saysSessionLost(words: string): boolean {
  return words.length <= MAX_REASON_CHARACTERS && lostSession.test(words.trim());
}

/**
 * An HTTP refusal that contains no answer to the request.
 *
 * A request may only be repeated where the server certainly did not run it. `session` is `lost` where the message is
 * only about the session. A status that could refer to either the session or the request is `doubtful`; a harmless
 * request in the same session decides.
 */
export class HttpRefusal extends Error {
  readonly status: number;
  readonly session: "kept" | "doubtful" | "lost";
  /** Whether the request may have run anyway. */
  readonly mayHaveRun: boolean;

  private constructor(status: number, message: string, session: HttpRefusal["session"], mayHaveRun: boolean) {
    super(`it answered ${status}${message}`);
    this.status = status;
    this.session = session;
    this.mayHaveRun = mayHaveRun;
  }

  static lost(status: number): HttpRefusal {
    return new HttpRefusal(status, `: it does not know the session any more`, "lost", false);
  }

  /** Creates the refusal for a response. `said` is its body, `sent` the headers of the request. */
  static of(
    { status, headers }: Response,
    { said, sent, isGreeting }: { said: string; sent: Headers; isGreeting: boolean },
  ): HttpRefusal {
    const refusal = (message: string) => new HttpRefusal(status, `: ${message}`, "kept", false);
    if (status < 400) {
      return refusal(
        `it redirects${placeOf(headers.get("location"))}, which is not followed; use that address as its url`,
      );
    }
    const words = cleanText(findServerMessage(said) ?? "")
      .replace(/\s+/gu, " ")
      .trim();
    const hasSession = sent.has("mcp-session-id") && status < 500;
    if (hasSession && saysSessionLost(words)) return HttpRefusal.lost(status);
    if (status === 401 || status === 403) {
      const hasKey = ["authorization", "x-api-key"].some((name) => sent.has(name));
      return refusal(
        hasKey
          ? "it rejects the key; check the environment variable in api_key_env"
          : "it requires a key; set api_key_env to the environment variable that holds it, and api_key_header to its header",
      );
    }
    if (isGreeting && (status === 404 || status === 405 || status === 410)) {
      return refusal(
        "no Streamable HTTP server answers at this address, which often ends in /mcp; an older server with SSE, whose address often ends in /sse, needs a bridge that runs as a command",
      );
    }
    const isDoubtful =
      hasSession && (status === 404 || status === 410 || (status === 400 && /session|not initiali[sz]ed/i.test(words)));
    const why = words === "" ? "" : `: ${cutText(words, MAX_REASON_CHARACTERS)}`;
    return new HttpRefusal(status, why, isDoubtful ? "doubtful" : "kept", true);
  }
}

/** Returns the target of a redirect without parts that may be secret. */
function placeOf(location: string | null): string {
  if (location === null || !URL.canParse(location)) return "";
  const { origin, pathname } = new URL(location);
  return cleanText(cutText(` to ${origin}${pathname}`, 200));
}
