import { cutText } from "@nanoagent/models";
import { cleanText } from "../tool-result-text.js";

/** The part of an answer that says why, as far as it is looked at. */
const MAX_REASON_CHARACTERS = 1000;

/** A server of HTTP that does not take a request. The request certainly did not run. */
export class HttpRefusal extends Error {
  /** Whether a new session helps: the one of the request is unknown to the server. */
  readonly isSessionLost: boolean;

  private constructor(message: string, isSessionLost: boolean) {
    super(message);
    this.isSessionLost = isSessionLost;
  }

  /** What an answer refuses; null for one that is left to the protocol. */
  static async of(response: Response, init: RequestInit): Promise<HttpRefusal | null> {
    const { status, headers } = response;
    const sent = new Headers(init.headers);
    const refusal = (message: string, isSessionLost = false) => {
      void response.body?.cancel();
      return new HttpRefusal(`it answered ${status}: ${message}`, isSessionLost);
    };
    if (status >= 300 && status < 400) {
      return refusal(
        `it sends elsewhere${placeOf(headers.get("location"))}, which is not followed; write that address as its url`,
      );
    }
    if (status === 401 || status === 403) {
      const hasKey = ["authorization", "x-api-key"].some((name) => sent.has(name));
      return refusal(
        hasKey
          ? "it does not take the key; check the environment variable that api_key_env names"
          : "it wants a key; name the environment variable that holds it in api_key_env, and its header in api_key_header",
      );
    }
    const hasSession = sent.has("mcp-session-id");
    if (hasSession && (status === 404 || (status === 400 && (await saysSession(response))))) {
      return refusal("it does not know the session any more", true);
    }
    if (!hasSession && (status === 404 || status === 405 || status === 410)) {
      return refusal(
        "there is no MCP server of the form Streamable HTTP at this address, which often ends in /mcp; one of the older form, whose address often ends in /sse, needs a bridge that is started as a command",
      );
    }
    return null;
  }
}

/** Reads a copy of the answer: it may be of another reason, which the protocol's client then tells. */
async function saysSession(response: Response): Promise<boolean> {
  const text = await response
    .clone()
    .text()
    .catch(() => "");
  return /session|not initiali[sz]ed/i.test(text.slice(0, MAX_REASON_CHARACTERS));
}

/** Where a redirect leads, without what may be a secret in it. */
function placeOf(location: string | null): string {
  if (location === null || !URL.canParse(location)) return "";
  const { origin, pathname } = new URL(location);
  return cleanText(cutText(`, to ${origin}${pathname}`, 200));
}
