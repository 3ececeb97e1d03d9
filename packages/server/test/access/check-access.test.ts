import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AccessRulesOptions, accessRules } from "../../src/access/access-rules.js";
import { checkAccess } from "../../src/access/check-access.js";
import { guardAccess } from "../../src/access/guard-access.js";
import { Keys } from "../../src/access/keys.js";
import { ServiceError } from "../../src/errors/service-error.js";
import type { HttpRequest, WholeReply } from "../../src/http/exchange.js";
import { openRouter } from "../../src/http/router.js";
import { fakeRequest } from "./fake-request.js";

type Headers = Readonly<Record<string, string>>;

const rulesOf = ({ settings = {}, ...options }: Partial<AccessRulesOptions> = {}) =>
  accessRules({
    host: "127.0.0.1",
    keys: null,
    ownAddresses: { includes: (name) => ["192.168.1.20", "[fd00::20]"].includes(name) },
    settings,
    ...options,
  });

/** Returns "ok", or status and code of the refusal. */
function outcome(headers: Headers, rules = rulesOf(), { isOpen = false, method = "GET" } = {}): string {
  try {
    checkAccess(fakeRequest(headers, method), rules, { isOpen });
    return "ok";
  } catch (error) {
    const { status, code } = error as ServiceError;
    return `${status} ${code}`;
  }
}

const refused = "403 host-refused";

describe("the Host header", () => {
  test.each([
    ["localhost", "ok"],
    ["localhost:7420", "ok"],
    ["LOCALHOST.:1", "ok"],
    ["agent.localhost", "ok"],
    ["127.0.0.1:7420", "ok"],
    ["127.9.8.7", "ok"],
    ["[::1]:7420", "ok"],
    ["[0:0:0:0:0:0:0:1]", "ok"],
    ["evil.example", refused],
    ["localhost.evil.example", refused],
    ["127.0.0.1.evil.example", refused],
    ["127.0.0.256", refused],
    ["127.1", refused],
    ["127.0.0.01", refused],
    ["0x7f.0.0.1", refused],
    ["2130706433", refused],
    ["0.0.0.0", refused],
    ["192.168.1.20", refused],
    ["evillocalhost", refused],
    [".localhost.", "ok"],
    ["localhost:99999", refused],
    ["localhost:x", refused],
    ["user@localhost", refused],
    ["localhost/", refused],
    ["localhost, evil.example", refused],
    ["localhost evil.example", refused],
    ["[::2]", refused],
    ["[localhost]", refused],
    ["::1", refused],
    ["", refused],
    ["a".repeat(10_000), refused],
  ])("%j on loopback: %s", (host, expected) => {
    expect(outcome({ host })).toBe(expected);
  });

  test("without one", () => expect(outcome({})).toBe(refused));

  test.each([
    ["0.0.0.0", "192.168.1.20:7420", "ok"],
    ["0.0.0.0", "[FD00:0:0::20]", "ok"],
    ["::", "192.168.1.20", "ok"],
    ["[::]", "localhost", "ok"],
    ["0.0.0.0", "192.168.1.21", refused],
    ["0.0.0.0", "0.0.0.0", refused],
    ["192.168.1.7", "192.168.1.7", "ok"],
    ["192.168.1.7", "192.168.1.20", refused],
    ["fd00::7", "[fd00:0::7]:7420", "ok"],
    ["[fd00::7]", "[fd00::7]", "ok"],
    ["agent.lan", "AGENT.lan.", "ok"],
  ])("listening on %s, %s: %s", (host, header, expected) => {
    expect(outcome({ host: header }, rulesOf({ host }))).toBe(expected);
  });

  test.each([
    ["agent.local", "agent.local", "ok"],
    ["agent.local", "AGENT.LOCAL.:99", "ok"],
    ["Agent.Local.", "agent.local:7420", "ok"],
    ["agent.local:7420", "agent.local:7420", "ok"],
    ["agent.local:7420", "agent.local:7421", refused],
    ["agent.local:7420", "agent.local", refused],
    ["agent.local", "sub.agent.local", refused],
    ["fd00::9", "[fd00::9]:1", "ok"],
    ["[fd00::9]:1", "[fd00::9]:1", "ok"],
    ["*", "evil.example", refused],
    ["", "evil.example", refused],
  ])("with allow_hosts %j, %s: %s", (entry, header, expected) => {
    expect(outcome({ host: header }, rulesOf({ settings: { allow_hosts: [entry] } }))).toBe(expected);
  });

  test("is checked for open routes, too, and any text is a decision", () => {
    expect(outcome({ host: "evil.example" }, rulesOf(), { isOpen: true })).toBe(refused);
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii" }), fc.string(), (host, origin) => {
        expect(outcome({ host })).toMatch(/^(?:ok|403 host-refused)$/);
        expect(outcome({ host: "localhost", origin })).toBe(refused);
      }),
    );
  });
});

describe("the Origin header", () => {
  const allowed = rulesOf({
    settings: { allow_origins: ["http://Kiosk.local:3000/", "https://a.example", "app://notes"] },
  });
  const own = { host: "localhost:7420" };

  test.each([
    ["http://localhost:7420", "ok"],
    ["HTTP://LOCALHOST:7420", "ok"],
    ["https://localhost:7420", "ok"],
    ["http://localhost:3000", refused],
    ["http://localhost", refused],
    ["http://127.0.0.1:7420", refused],
    ["http://evil.example", refused],
    ["http://localhost:7420.evil.example", refused],
    ["http://localhost:7420, http://evil.example", refused],
    ["null", refused],
    ["", refused],
    ["file://", refused],
    ["http://kiosk.local:3000", "ok"],
    ["http://kiosk.local:3001", refused],
    ["https://kiosk.local:3000", refused],
    ["https://a.example:443", "ok"],
    ["http://a.example", refused],
    ["app://notes", "ok"],
  ])("%s: %s", (origin, expected) => {
    for (const method of ["GET", "POST", "OPTIONS", "HEAD", "DELETE"]) {
      expect(outcome({ ...own, origin, "content-type": "text/plain" }, allowed, { method })).toBe(expected);
      expect(outcome({ ...own, origin }, allowed, { method, isOpen: true })).toBe(expected);
    }
  });

  test("standard ports may be left out", () => {
    const rules = rulesOf({ settings: { allow_hosts: ["agent.local"] } });
    expect(outcome({ host: "agent.local", origin: "http://agent.local:80" }, rules)).toBe("ok");
    expect(outcome({ host: "agent.local:80", origin: "http://agent.local" }, rules)).toBe("ok");
    // A proxy in front has ended TLS.
    expect(outcome({ host: "agent.local", origin: "https://agent.local" }, rules)).toBe("ok");
    expect(outcome({ host: "agent.local:443", origin: "https://agent.local" }, rules)).toBe("ok");
  });

  test("a page without TLS is foreign to a service with TLS", () => {
    const tls = { certificate_path: "a", key_path: "b" };
    expect(outcome({ ...own, origin: "http://localhost:7420" }, rulesOf({ settings: { tls } }))).toBe(refused);
    expect(outcome({ ...own, origin: "https://localhost:7420" }, rulesOf({ settings: { tls } }))).toBe("ok");
  });

  test.each([
    [{ "sec-fetch-site": "cross-site" }, false, refused],
    [{ "sec-fetch-site": "cross-site" }, true, "ok"],
    [{ "sec-fetch-site": "same-origin" }, false, "ok"],
    [{ "sec-fetch-site": "none" }, false, "ok"],
    [{ "sec-fetch-site": "cross-site", origin: "https://a.example" }, false, "ok"],
    [{ "sec-fetch-site": "cross-site", origin: "https://b.example" }, true, refused],
  ])("Sec-Fetch-Site %j, open: %s: %s", (headers, isOpen, expected) => {
    expect(outcome({ ...own, ...(headers as Headers) }, allowed, { isOpen })).toBe(expected);
  });
});

describe("keys", () => {
  const rules = rulesOf({ keys: new Keys(["right", "other"]) });
  const host = "localhost";
  const missing = "401 key-missing";

  test.each([
    [{ authorization: "Bearer right" }, "ok"],
    [{ authorization: "bearer  other " }, "ok"],
    [{ "x-api-key": "right" }, "ok"],
    [{ "x-api-key": " other " }, "ok"],
    [{ authorization: "Bearer wrong", "x-api-key": "right" }, "ok"],
    [{}, missing],
    [{ authorization: "right" }, missing],
    [{ authorization: "Basic right" }, missing],
    [{ authorization: "Bearer" }, missing],
    [{ authorization: "Bearer " }, missing],
    [{ authorization: "Bearer righ" }, missing],
    [{ authorization: "Bearer rightt" }, missing],
    [{ authorization: "Bearer RIGHT" }, missing],
    [{ authorization: "Bearer right other" }, missing],
    [{ authorization: "Bearer right, Bearer other" }, missing],
    [{ authorization: "Bearer sk-0000000000000000000" }, missing],
    [{ "x-api-key": "right, other" }, missing],
    [{ "x-api-key": "" }, missing],
  ])("%j: %s", (headers, expected) => {
    expect(outcome({ host, ...(headers as Headers) }, rules)).toBe(expected);
  });

  test("open routes need none", () => expect(outcome({ host }, rules, { isOpen: true })).toBe("ok"));

  test("any is accepted where none is needed", () => {
    expect(outcome({ host, authorization: "Bearer sk-0000000000000000000" })).toBe("ok");
  });

  test("a message never contains a key", () => {
    try {
      checkAccess(fakeRequest({ host, authorization: "Bearer secret-key" }), rules, { isOpen: false });
      expect.unreachable();
    } catch (error) {
      expect(JSON.stringify(error)).not.toContain("secret-key");
      expect(error).toMatchObject({ type: "authentication_error", apiCode: "invalid_api_key" });
    }
  });
});

describe("the guard", () => {
  const toErrorReply = (error: unknown): WholeReply => ({
    status: (error as ServiceError).status,
    body: String(error),
  });
  const router = openRouter(
    [
      { method: "GET", path: "/health", isOpen: true, handle: () => ({ status: 200, body: "ok" }) },
      { method: "POST", path: "/v1/chat", handle: () => ({ status: 200, stream: async () => {} }) },
      { method: "GET", path: "/v1/models/:id", handle: () => Promise.reject(ServiceError.invalid(null, "bad")) },
    ],
    toErrorReply,
  );
  const rules = rulesOf({ keys: new Keys(["right"]), settings: { allow_origins: ["http://a.example"] } });
  const guard = guardAccess(router, { rules, toErrorReply });
  const key = { host: "localhost", authorization: "Bearer right" };
  const page = { host: "localhost", origin: "http://a.example" };
  const ask = (request: HttpRequest) => guard(request);

  test("gives open routes without a key, and nothing else", async () => {
    const status = async (path: string, headers: Headers, method = "GET") =>
      (await ask(fakeRequest(headers, method, path))).status;
    expect(await status("/health", { host: "localhost" })).toBe(200);
    expect(await status("/health", { host: "localhost" }, "HEAD")).toBe(200);
    expect(await status("/health", { host: "localhost" }, "POST")).toBe(401);
    expect(await status("/v1/chat", { host: "localhost" }, "POST")).toBe(401);
    expect(await status("/nothing", { host: "localhost" })).toBe(401);
    expect(await status("/nothing", key)).toBe(404);
    expect(await status("/v1/chat", key, "POST")).toBe(200);
    expect(await status("/v1/chat", key)).toBe(405);
  });

  test("says how to authenticate", async () => {
    const { headers } = await ask(fakeRequest({ host: "localhost" }, "GET", "/v1/models/a"));
    expect(headers).toMatchObject({ "www-authenticate": "Bearer", vary: "origin" });
  });

  test("lets an allowed page read every reply", async () => {
    const cors = {
      "access-control-allow-origin": "http://a.example",
      // Only headers that replies have.
      "access-control-expose-headers": "retry-after, x-should-retry",
      vary: "origin",
    };
    const reply = (headers: Headers, path: string, method = "GET") => ask(fakeRequest(headers, method, path));
    expect((await reply(page, "/health")).headers).toMatchObject(cors);
    expect((await reply({ ...page, ...key }, "/v1/chat", "POST")).headers).toMatchObject(cors);
    expect(await reply({ ...page, ...key }, "/v1/models/a")).toMatchObject({ status: 400, headers: cors });
    expect(await reply(page, "/v1/models/a")).toMatchObject({ status: 401, headers: cors });
    const foreign = await reply({ host: "localhost", origin: "http://b.example" }, "/health");
    expect(foreign.status).toBe(403);
    expect(foreign.headers).not.toHaveProperty("access-control-allow-origin");
  });

  test("answers preflight requests of allowed pages without a key", async () => {
    const asked = {
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,x-stainless-os",
      "access-control-request-private-network": "true",
    };
    const reply = await ask(fakeRequest({ ...page, ...asked }, "OPTIONS", "/v1/chat"));
    expect(reply).toMatchObject({
      status: 204,
      headers: {
        "access-control-allow-origin": "http://a.example",
        "access-control-allow-methods": "GET, POST, DELETE",
        "access-control-allow-headers": "authorization,x-stainless-os",
        "access-control-allow-private-network": "true",
        "access-control-max-age": "600",
        vary: "origin",
      },
    });
    expect((await ask(fakeRequest({ ...asked, host: "localhost", origin: "null" }, "OPTIONS"))).status).toBe(403);
    const plain = await ask(fakeRequest({ host: "localhost" }, "OPTIONS", "/v1/chat"));
    expect(plain.headers).not.toHaveProperty("access-control-allow-methods");
  });

  test("adds no CORS headers unless an origin is allowed", async () => {
    const without = guardAccess(router, { rules: rulesOf(), toErrorReply });
    const { headers } = await without(fakeRequest({ host: "localhost" }, "GET", "/health"));
    expect(headers).toEqual({ "x-content-type-options": "nosniff" });
  });
});
