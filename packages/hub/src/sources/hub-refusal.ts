import { HubError } from "../hub-error.js";
import type { HttpResponse } from "../network/http-client.js";
import { asShortText } from "./read-json.js";

/** Longest text of the hub that a message repeats. */
const MAX_TEXT_CHARACTERS = 200;

interface AskedFor {
  repository: string;
  revision: string;
  /** Address of the hub. */
  endpoint: string;
}

/**
 * Returns the error for an answer of the hub whose status is not 200. Discards its body.
 *
 * The hub answers 401 for a repository that does not exist, since it does not tell strangers which private ones there are.
 */
export function hubRefusal(response: HttpResponse, { repository, revision, endpoint }: AskedFor): HubError {
  response.body.destroy();
  const { status } = response;
  const code = headerOf(response, "x-error-code");
  const text = asShortText(headerOf(response, "x-error-message"), MAX_TEXT_CHARACTERS);
  const page = `${endpoint}/${repository}`;

  if (code === "GatedRepo") {
    return new HubError({
      code: "repository-gated",
      message: `${repository} can be used only after its terms are accepted.`,
      reason:
        status === 401
          ? "The request had no access token."
          : "The access token belongs to an account that has no access.",
      hint: `Accept the terms at ${page}, and set HF_TOKEN to a token of that account (${endpoint}/settings/tokens).`,
    });
  }
  if (status === 401 && /invalid (?:credentials|user(?:name)?|token)/i.test(text ?? "")) {
    return new HubError({
      code: "hub-refused",
      message: `${new URL(endpoint).host} did not accept the access token.`,
      reason: text ?? undefined,
      hint: `Set HF_TOKEN to a valid token from ${endpoint}/settings/tokens, or remove it for a public model.`,
    });
  }
  if (code === "RevisionNotFound") {
    return new HubError({
      code: "repository-not-found",
      message: `${repository} has no branch, tag or commit ${JSON.stringify(revision)}.`,
      reason: text ?? undefined,
      hint: `Run nanoagent models pull ${repository}, or look for the version at ${page}/tree/main.`,
    });
  }
  if (status === 401 || status === 404 || code === "RepoNotFound") {
    return new HubError({
      code: "repository-not-found",
      message: `${repository} was not found at ${new URL(endpoint).host}.`,
      reason: "The repository does not exist, or it is private and the access token, if any, does not open it.",
      hint: `Check the spelling at ${endpoint}/models?search=${encodeURIComponent(repository.split("/")[1] ?? "")}, or set HF_TOKEN for a private repository.`,
    });
  }
  return new HubError({
    code: "hub-refused",
    message: `${new URL(endpoint).host} refused to list ${repository} with status ${status}.`,
    reason: text ?? undefined,
    hint:
      status >= 500 || status === 429
        ? "Try again later."
        : `Open ${page} in a browser to see whether it is available.`,
  });
}

function headerOf(response: HttpResponse, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
