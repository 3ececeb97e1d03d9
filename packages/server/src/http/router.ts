import { cutText } from "@nanoagent/models";
import { ServiceError } from "../errors/service-error.js";
import type { HttpReply, HttpRequest, Route, WholeReply } from "./exchange.js";

/** Answers requests with the route that their path and method name. Never rejects. */
export interface Router {
  (request: HttpRequest): Promise<HttpReply>;
  /** Whether the route of a request is given without a key. */
  isOpen(request: HttpRequest): boolean;
  /** Whether it is given to pages of every origin. */
  isPublic(request: HttpRequest): boolean;
}

/** Longest path that a message repeats. */
const MAX_SHOWN_CHARACTERS = 100;

/**
 * Opens a table of routes. HEAD is answered as GET; the entrances omit the body. An unknown path is 404 `route-unknown`,
 * an unknown method 405 with `allow`. Errors of a route become replies by `toErrorReply`, which must not throw.
 */
export function openRouter(
  routes: readonly Route[],
  toErrorReply: (error: unknown, request: HttpRequest) => WholeReply,
): Router {
  const table = new RouteTable(routes);
  const routeOf = ({ method, path }: HttpRequest) => table.find(path)?.routes.get(method === "HEAD" ? "GET" : method);
  const answer = async (request: HttpRequest): Promise<HttpReply> => {
    const match = table.find(request.path);
    const route = match?.routes.get(request.method === "HEAD" ? "GET" : request.method);
    try {
      if (match === null) throw unknownRoute(request);
      if (route !== undefined) return await route.handle(request, match.parameters);
    } catch (error) {
      return toErrorReply(error, request);
    }
    const allow = allowedMethods(match.routes);
    const reply = toErrorReply(unknownMethod(request, allow), request);
    return { ...reply, headers: { ...reply.headers, allow } };
  };
  return Object.assign(answer, {
    isOpen: (request: HttpRequest) => routeOf(request)?.isOpen === true,
    isPublic: (request: HttpRequest) => routeOf(request)?.isPublic === true,
  });
}

type Parameters = Readonly<Record<string, string>>;

/** Routes of one path, by method. */
type PathRoutes = Map<string, Route>;

interface Pattern {
  readonly segments: readonly string[];
  readonly routes: PathRoutes;
}

const noParameters: Parameters = Object.freeze({});

class RouteTable {
  readonly #exact = new Map<string, PathRoutes>();
  readonly #patterns: Pattern[] = [];

  constructor(routes: readonly Route[]) {
    const byPath = new Map<string, PathRoutes>();
    for (const route of routes) {
      const ofPath = byPath.get(route.path) ?? new Map<string, Route>();
      if (ofPath.has(route.method)) throw new Error(`Two routes for ${route.method} ${route.path}`);
      byPath.set(route.path, ofPath.set(route.method, route));
    }
    for (const [path, ofPath] of byPath) {
      if (path.includes("/:")) this.#patterns.push({ segments: path.split("/"), routes: ofPath });
      else this.#exact.set(path, ofPath);
    }
  }

  /** A slash at the end does not count. */
  find(path: string): { routes: PathRoutes; parameters: Parameters } | null {
    const found = this.#find(path);
    return found === null && path.endsWith("/") ? this.#find(path.slice(0, -1)) : found;
  }

  #find(path: string): { routes: PathRoutes; parameters: Parameters } | null {
    const routes = this.#exact.get(path);
    if (routes !== undefined) return { routes, parameters: noParameters };
    if (this.#patterns.length === 0) return null;
    const parts = path.split("/");
    for (const pattern of this.#patterns) {
      const parameters = match(pattern.segments, parts);
      if (parameters !== null) return { routes: pattern.routes, parameters };
    }
    return null;
  }
}

/** Returns the named parts of a path, or null if the pattern does not match. */
function match(segments: readonly string[], parts: readonly string[]): Parameters | null {
  if (parts.length < segments.length) return null;
  const parameters: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    const isName = segment.startsWith(":");
    // A name at the end takes the rest, slashes included: names of models contain them.
    const part = isLast && isName ? parts.slice(index).join("/") : parts[index];
    if (isName ? part === "" : part !== segment) return null;
    if (isLast && !isName && parts.length > segments.length) return null;
    if (isName && part !== undefined) parameters[segment.slice(1)] = part;
  }
  return parameters;
}

function allowedMethods(routes: PathRoutes): string {
  return [...routes.keys()]
    .flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]))
    .concat("OPTIONS")
    .join(", ");
}

function shown(text: string): string {
  return text.length > MAX_SHOWN_CHARACTERS ? `${cutText(text, MAX_SHOWN_CHARACTERS)}…` : text;
}

function unknownRoute({ method, path }: HttpRequest): ServiceError {
  return new ServiceError({
    code: "route-unknown",
    status: 404,
    type: "not_found_error",
    message: `Unknown route: ${shown(`${method} ${path}`)}.`,
    hint: "The OpenAI-compatible API begins with /v1, Ollama's with /api.",
  });
}

function unknownMethod({ method, path }: HttpRequest, allow: string): ServiceError {
  return new ServiceError({
    code: "route-unknown",
    status: 405,
    type: "invalid_request_error",
    message: `${shown(path)} does not support the method ${shown(method)}.`,
    hint: `It supports ${allow}.`,
  });
}
