import type { HttpReply, HttpRequest, WholeReply } from "../http/exchange.js";
import type { Router } from "../http/router.js";
import type { AccessRules } from "./access-rules.js";
import { checkAccess } from "./check-access.js";
import { corsHeaders, preflightReply } from "./cors.js";

export interface GuardOptions {
  readonly rules: AccessRules;
  readonly toErrorReply: (error: unknown, request: HttpRequest) => WholeReply;
}

/**
 * Puts the access check before a table of routes: answers preflight requests, refuses what the rules do not allow, and
 * adds the headers for pages of allowed origins to every reply. Never rejects.
 */
export function guardAccess(
  router: Router,
  { rules, toErrorReply }: GuardOptions,
): (request: HttpRequest) => Promise<HttpReply> {
  return async (request) => {
    const isPreflight = request.method === "OPTIONS";
    let headers: Readonly<Record<string, string>>;
    try {
      headers = checkAccess(request, rules, {
        isOpen: isPreflight || router.isOpen(request),
        isPublic: router.isPublic(request),
      });
    } catch (error) {
      const reply = toErrorReply(error, request);
      return withHeaders(reply, {
        ...corsHeaders(request, rules),
        ...(reply.status === 401 && { "www-authenticate": "Bearer" }),
      });
    }
    const preflight = preflightReply(request, rules);
    return withHeaders(preflight ?? (await router(request)), headers);
  };
}

function withHeaders<Reply extends HttpReply>(reply: Reply, headers: Readonly<Record<string, string>>): Reply {
  // Browsers must not take a reply for something else than it says.
  return { ...reply, headers: { ...reply.headers, ...headers, "x-content-type-options": "nosniff" } };
}
