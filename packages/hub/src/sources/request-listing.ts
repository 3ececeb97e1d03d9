import { HubError } from "../hub-error.js";
import { checkAddress } from "../network/connection-errors.js";
import type { HttpRequest, HttpResponse } from "../network/http-client.js";
import type { SourceContext } from "./source-context.js";

/**
 * Requests a description or a listing, which says the hashes that files are verified by. Follows redirects on the same
 * host only; contents of files are another matter. Throws a `HubError` with code `hub-refused` for another redirect.
 */
export async function requestListing(
  request: Pick<HttpRequest, "url" | "headers">,
  { client, signal }: SourceContext,
): Promise<HttpResponse> {
  const response = await client.request({ ...request, signal, redirect: "same-origin" });
  const { location } = response.headers;
  if (response.status < 300 || response.status >= 400 || location === undefined) return response;
  response.body.destroy();
  const from = new URL(response.url);
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : null;
  const isUpgrade = to !== null && to.hostname === from.hostname && to.protocol === "https:" && to.port === "";
  const setting = response.setting ?? "HF_ENDPOINT";
  throw new HubError({
    code: "hub-refused",
    message: `${from.host} redirects the listing of files to ${isUpgrade ? to.origin : (to?.host ?? "a malformed address")}.`,
    reason: "Listings are read only from the host that was asked, because they contain the hashes of the files.",
    hint: isUpgrade
      ? `Use the address with https: export ${setting}=${to.origin}`
      : checkAddress(setting, ", and that no login page of the network answers instead"),
  });
}
