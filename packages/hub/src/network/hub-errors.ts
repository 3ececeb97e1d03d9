import { HubError } from "../hub-error.js";
import type { HttpResponse } from "./http-client.js";

/** Longest text of a server that is shown to people, in characters. */
const SHOWN_CHARACTERS = 200;

/** Turns a response with an error into an error that says the cause. `what` names the thing that was asked for: `org/repo`. */
export function refusalOf(response: Pick<HttpResponse, "status" | "headers" | "url">, what: string): HubError {
  const { status, headers } = response;
  const url = new URL(response.url);
  const code = first(headers["x-error-code"]);
  const said = readable(first(headers["x-error-message"]));
  const isHidden = status === 401 || status === 404;

  if (code === "GatedRepo") {
    return new HubError({
      code: "repository-gated",
      message: `${what} can be downloaded only by accounts that accepted its terms.`,
      reason: said || "The access token is missing, or its account did not accept the terms.",
      hint: `Accept the terms at ${pageOf(url)}, then set a token of the same account: export HF_TOKEN=hf_…`,
    });
  }
  if (/invalid credentials|invalid.*token/i.test(said)) {
    return new HubError({
      code: "hub-refused",
      message: `${url.host} does not accept the access token.`,
      reason: said,
      hint: `Create a token at ${url.origin}/settings/tokens and set it, or go on without one: unset HF_TOKEN`,
    });
  }
  if (status === 404 && (code === "RevisionNotFound" || code === "EntryNotFound")) {
    const part = code === "EntryNotFound" ? "file" : "branch, tag or commit";
    return new HubError({
      code: "repository-not-found",
      message: `${what} was not found.`,
      reason: said || `The repository has no such ${part}.`,
      hint: `Look at its files: ${pageOf(url)}/tree/main`,
    });
  }
  if (code === "RepoNotFound" || isHidden) {
    return new HubError({
      code: "repository-not-found",
      message: `${what} was not found at ${url.host}.`,
      reason: "It does not exist, or it is private.",
      hint: "Check the spelling. For a private repository, set a token: export HF_TOKEN=hf_…",
    });
  }
  if (status === 429) {
    return new HubError({
      code: "hub-refused",
      message: `${url.host} received too many requests from this network.`,
      reason: said || "It limits the number of requests (status 429).",
      hint: "Wait five minutes and try again. Requests with a token have a higher limit: export HF_TOKEN=hf_…",
    });
  }
  return new HubError({
    code: "hub-refused",
    message: `${url.host} refused the request for ${what}.`,
    reason: said ? `It answered with status ${status}: ${said}` : `It answered with status ${status}.`,
    hint: status >= 500 ? "Try again in a few minutes." : "Check the name and the settings HF_ENDPOINT and HF_TOKEN.",
  });
}

/** Returns the address of the page of the repository that an address belongs to. */
function pageOf(url: URL): string {
  const names = url.pathname.replace(/^\/api\/models/, "").split("/");
  return `${url.origin}${names.slice(0, 3).join("/")}`;
}

function first(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? "";
}

/** Removes control characters and shortens. */
function readable(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}
