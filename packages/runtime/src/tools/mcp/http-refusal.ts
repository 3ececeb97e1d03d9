import { cutText } from "@nanoagent/models";
import { findServerMessage } from "../../server-words.js";
import { cleanText } from "../tool-result-text.js";

/** The part of an answer that says why, as far as it is looked at. */
const MAX_REASON_CHARACTERS = 200;

/** What may stand before the sentence: a word for the status, with or without its number. */
const opening =
  /(?:(?:(?:mcp |http )?error(?: -?\d+)?|bad request|not found|unauthori[sz]ed|forbidden|gone|invalid request|\d{3})(?:: ?| - ))*/;
/** `no valid session`, `unknown or expired session`, `could not find the session`. */
const noSession =
  /(?:no (?:(?:valid|active|such|known|existing) )?|(?:invalid|unknown|missing|expired|unrecogni[sz]ed)(?: or \w+)? |(?:could|can) ?not find (?:the |a )?)(?:mcp[- ]|transport )?session/;
/** `session ID 17 does not exist`, `session has expired`. */
const sessionIsGone =
  /(?:mcp[- ])?session(?:[- ]?id)?(?: (?:with )?(?:id )?\S{1,80}?)?:? (?:(?:is|was|has|have|does|did|could|can|already|been) ?)*(?:(?:not|no longer) (?:be )?(?:found|exists?|valid|known|active|initiali[sz]ed|available|recogni[sz]ed)|unknown|invalid|expired|terminated|closed|deleted|gone|missing|lost|ended)/;
const serverIsNew = /server (?:is )?not initiali[sz]ed/;
/** Sentences about nothing but the session, in the words of the servers that are in use. */
const lostSession = new RegExp(
  `^${opening.source}(?:(?:the|your|this) )?(?:${noSession.source}|${sessionIsGone.source}|${serverIsNew.source})\\b`,
  "i",
);

/** Whether a sentence of a server says that it does not know the session, and nothing else. */
export function saysSessionLost(words: string): boolean {
  return words.length <= MAX_REASON_CHARACTERS && lostSession.test(words.trim());
}

/**
 * A server of HTTP that refuses a request without an answer to it.
 *
 * A request may be made once more only where the server certainly did not run it. `session` is `lost` where the server says so
 * in words about the session alone; a status that could mean the session or what the request names is `doubtful`, and a
 * harmless request in the same session decides.
 */
export class HttpRefusal extends Error {
  readonly status: number;
  readonly session: "kept" | "doubtful" | "lost";
  /** Whether the request may have run all the same. */
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

  /** The refusal that an answer is; `said` is its body, `sent` the headers of the request. */
  static of(
    { status, headers }: Response,
    { said, sent, isGreeting }: { said: string; sent: Headers; isGreeting: boolean },
  ): HttpRefusal {
    const refusal = (message: string) => new HttpRefusal(status, `: ${message}`, "kept", false);
    if (status < 400) {
      return refusal(
        `it sends elsewhere${placeOf(headers.get("location"))}, which is not followed; write that address as its url`,
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
          ? "it does not take the key; check the environment variable that api_key_env names"
          : "it wants a key; name the environment variable that holds it in api_key_env, and its header in api_key_header",
      );
    }
    if (isGreeting && (status === 404 || status === 405 || status === 410)) {
      return refusal(
        "there is no MCP server of the form Streamable HTTP at this address, which often ends in /mcp; one of the older form, whose address often ends in /sse, needs a bridge that is started as a command",
      );
    }
    const isDoubtful =
      hasSession && (status === 404 || status === 410 || (status === 400 && /session|not initiali[sz]ed/i.test(words)));
    const why = words === "" ? "" : `: ${cutText(words, MAX_REASON_CHARACTERS)}`;
    return new HttpRefusal(status, why, isDoubtful ? "doubtful" : "kept", true);
  }
}

/** Where a redirect leads, without what may be a secret in it. */
function placeOf(location: string | null): string {
  if (location === null || !URL.canParse(location)) return "";
  const { origin, pathname } = new URL(location);
  return cleanText(cutText(`, to ${origin}${pathname}`, 200));
}
