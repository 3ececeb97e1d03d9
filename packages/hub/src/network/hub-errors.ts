import { HubError } from "../hub-error.js";
import { checkAddress, proxyPasswordHint } from "./connection-errors.js";
import type { HttpResponse } from "./http-client.js";
import { maskTokens } from "./secrets.js";

/** Longest text of a server that is shown to people, in characters. */
const SHOWN_CHARACTERS = 200;

type Refusal = Pick<HttpResponse, "status" | "headers" | "url" | "setting">;

/** Turns a response with an error into an error that says the cause. `what` names the thing that was asked for: `org/repo`. */
export function refusalOf(response: Refusal, what: string): HubError {
  const { status, headers, setting = "HF_ENDPOINT" } = response;
  const url = new URL(response.url);
  if (status === 407) return proxyRefusal(url);
  if (setting !== "HF_ENDPOINT") return plainRefusal(response, what);
  const code = first(headers["x-error-code"]);
  const said = saidBy(response);
  const isHidden = status === 401 || status === 404;

  if (code === "GatedRepo") {
    return new HubError({
      code: "repository-gated",
      message: `${what} can be downloaded only by accounts that accepted its terms.`,
      reason: said || "The access token is missing, or its account did not accept the terms.",
      hint: `Accept the terms at ${pageOf(url)}, then set a token of the same account: export HF_TOKEN=hf_…`,
    });
  }
  if (refusesToken(response)) {
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

/** Whether a response says that the access token is not valid, which concerns every request with it. */
export function refusesToken(response: Refusal): boolean {
  const { status, setting = "HF_ENDPOINT" } = response;
  const isRefusal = status >= 400 && status < 500 && setting === "HF_ENDPOINT";
  return isRefusal && /invalid credentials|invalid.*token/i.test(saidBy(response));
}

/** Turns a response of a server that has no accounts of Hugging Face into an error. */
function plainRefusal(response: Refusal, what: string): HubError {
  const { status, setting } = response;
  const { host } = new URL(response.url);
  const said = saidBy(response);
  if (status === 401 || status === 404 || status === 410) {
    return new HubError({
      code: "repository-not-found",
      message: `${what} was not found at ${host}.`,
      reason: `It does not exist, or it is private (status ${status}).`,
      hint: checkAddress(setting),
    });
  }
  const isWaiting = status === 429;
  return new HubError({
    code: "hub-refused",
    message: isWaiting
      ? `${host} received too many requests from this network.`
      : `${host} refused the request for ${what}.`,
    reason: said ? `It answered with status ${status}: ${said}` : `It answered with status ${status}.`,
    hint: isWaiting || status >= 500 ? "Try again in a few minutes." : checkAddress(setting),
  });
}

function proxyRefusal({ host, protocol }: URL): HubError {
  return new HubError({
    code: "hub-unreachable",
    message: `Cannot reach ${host} through the proxy.`,
    reason: "The proxy answers with status 407.",
    hint: proxyPasswordHint(protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY"),
  });
}

/** Returns the message in the headers of a response. */
function saidBy({ headers }: Refusal): string {
  return readable(first(headers["x-error-message"]));
}

/** Returns the address of the page of the repository that an address belongs to. */
function pageOf(url: URL): string {
  const names = url.pathname.replace(/^\/api\/models/, "").split("/");
  return `${url.origin}${names.slice(0, 3).join("/")}`;
}

function first(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? "";
}

/** Removes control characters and access tokens, and shortens. */
function readable(text: string): string {
  const line = maskTokens(text)
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim();
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}
