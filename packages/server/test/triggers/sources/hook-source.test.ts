import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HookSource } from "../../../src/triggers/sources/hook/hook-source.js";
import { AcceptedEvents, sourceContext } from "./accepted-events.js";

const SECRET = "correct horse battery staple";
const NOW = Date.parse("2026-11-30T06:00:00Z");
const seconds = String(NOW / 1000);

function openHook(secret: string | undefined = SECRET) {
  const events = new AcceptedEvents();
  const clock = { now: () => NOW, monotonic: () => 0, setTimer: () => () => {} };
  const hook = new HookSource({ secret_env: "HOOK" }, sourceContext({ clock, environment: { HOOK: secret } }));
  hook.start(events.accept);
  const send = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
    hook.receive({
      header: (name) => headers[name] ?? null,
      body: typeof body === "string" ? new TextEncoder().encode(body) : body,
    });
  return { hook, events, send };
}

const bearer = { authorization: `Bearer ${SECRET.replaceAll(" ", "-")}` };
const openWithToken = () => openHook(SECRET.replaceAll(" ", "-"));
const github = (body: string, secret = SECRET) => ({
  "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
  "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
  "content-type": "application/json",
});
const standard = (body: string, key: string | Uint8Array, { id = "msg_1", timestamp = seconds } = {}) => ({
  "webhook-id": id,
  "webhook-timestamp": timestamp,
  "webhook-signature": `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`,
});

describe("who knows the secret", () => {
  test("a bearer token", async () => {
    const { send, events } = openWithToken();
    expect(await send('{"a":1}', bearer)).toEqual({ status: 202, body: { event: "0" } });
    expect(events.all).toEqual([{ trigger: "test", at: NOW, payload: { a: 1 } }]);
  });

  // The example of GitHub's documentation on validating deliveries.
  test("GitHub's signature", async () => {
    const { send } = openHook("It's a Secret to Everybody");
    const signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    expect((await send("Hello, World!", { "x-hub-signature-256": signature })).status).toBe(202);
  });

  // The example of Standard Webhooks' libraries, with the clock at its time.
  test("a signature of Standard Webhooks", async () => {
    const events = new AcceptedEvents();
    const clock = { now: () => 1_614_265_330_000, monotonic: () => 0, setTimer: () => () => {} };
    const environment = { HOOK: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };
    const hook = new HookSource({ secret_env: "HOOK" }, sourceContext({ clock, environment }));
    hook.start(events.accept);
    const headers: Record<string, string> = {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };
    const request = {
      header: (name: string) => headers[name] ?? null,
      body: new TextEncoder().encode('{"test": 2432232314}'),
    };
    expect(await hook.receive(request)).toEqual({ status: 202, body: { event: "0" } });
    expect(await hook.receive(request)).toEqual({ status: 200, body: { event: "0", repeated: true } });
    expect(events.payloads).toEqual([{ test: 2432232314 }]);
  });

  test("with a secret that is not base64, too", async () => {
    const { send } = openHook();
    expect((await send("x", standard("x", SECRET))).status).toBe(202);
  });
});

describe("who does not", () => {
  const denied = { status: 401, body: { error: { message: "The request is not authorized." } } };

  test.each<[string, string, Record<string, string>]>([
    ["nothing", "x", {}],
    ["another token", "x", { authorization: "Bearer other" }],
    ["an empty token", "x", { authorization: "Bearer " }],
    ["a password", "x", { authorization: `Basic ${SECRET}` }],
    ["a signature of another secret", "x", github("x", "other")],
    ["a signature of another body", "y", github("x")],
    ["a signature of another form", "x", { "x-hub-signature-256": "sha1=00" }],
    ["an old signature", "x", standard("x", SECRET, { timestamp: String(NOW / 1000 - 301) })],
    ["a signature from the future", "x", standard("x", SECRET, { timestamp: String(NOW / 1000 + 301) })],
    ["a timestamp that is not a number", "x", standard("x", SECRET, { timestamp: "1e9" })],
    ["a signature for another id", "x", { ...standard("x", SECRET), "webhook-id": "msg_2" }],
    [
      "a wrong signature beside a right token",
      "x",
      { ...bearer, "webhook-signature": "v1,x", "webhook-id": "1", "webhook-timestamp": seconds },
    ],
  ])("%s", async (_, body, headers) => {
    const { send, events } = openHook();
    expect(await send(body, headers)).toEqual(denied);
    expect(events.offered).toEqual([]);
  });

  test("any headers", async () => {
    const { send } = openHook();
    const names = ["authorization", "webhook-signature", "webhook-id", "webhook-timestamp", "x-hub-signature-256"];
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom(...names), fc.string({ unit: "binary" })),
        fc.uint8Array(),
        async (headers, body) => {
          expect((await send(body, headers)).status).toBe(401);
        },
      ),
    );
  });
});

describe("the id of a request", () => {
  test("makes a repeated request the same event", async () => {
    const { send, events } = openHook();
    const body = '{"action":"opened"}';
    expect(await send(body, github(body))).toEqual({ status: 202, body: { event: "0" } });
    expect(await send(body, github(body))).toEqual({ status: 200, body: { event: "0", repeated: true } });
    expect(events.all[0]?.identity).toBe("72d3162e-cc78-11e3-81ab-4c9367dc0958");
  });

  test("can be an idempotency key beside a token", async () => {
    const { send, events } = openWithToken();
    await send("x", { ...bearer, "idempotency-key": "k1" });
    expect((await send("x", { ...bearer, "idempotency-key": "k1" })).status).toBe(200);
    await send("x", bearer);
    await send("x", bearer);
    expect(events.all).toHaveLength(3);
  });

  test("has a limit", async () => {
    const { send } = openWithToken();
    expect((await send("x", { ...bearer, "idempotency-key": "k".repeat(201) })).status).toBe(400);
  });
});

describe("the body", () => {
  test.each([
    ["JSON", "application/json; charset=utf-8", '{"a":[1]}', { a: [1] }],
    ["JSON without a type", "", '{"a":[1]}', { a: [1] }],
    ["text", "text/plain", "door open", "door open"],
    ["a number", "text/plain", "21.5", 21.5],
    [
      "a form",
      "application/x-www-form-urlencoded",
      "a=1&b=x+y&a=2&__proto__=z",
      { a: ["1", "2"], b: "x y", ["__proto__"]: "z" },
    ],
    [
      "JSON in a form",
      "application/x-www-form-urlencoded",
      `payload=${encodeURIComponent('{"ref":"main"}')}`,
      { ref: "main" },
    ],
    ["JSON that curl calls a form", "application/x-www-form-urlencoded", '{"a": 1}', { a: 1 }],
    ["a number that curl calls a form", "application/x-www-form-urlencoded", "5", { "5": "" }],
    ["nothing", "application/octet-stream", "", ""],
  ])("is read as %s", async (_, type, body, payload) => {
    const { send, events } = openWithToken();
    expect((await send(body, { ...bearer, "content-type": type })).status).toBe(202);
    expect(events.payloads).toEqual([payload]);
  });

  test("is refused if it is too large, or not JSON as it says", async () => {
    const { send, hook } = openWithToken();
    expect(await send(new Uint8Array(hook.maxBytes + 1), bearer)).toEqual({
      status: 413,
      body: { error: { message: "The body is larger than 65536 bytes. Send less than 64 KB." } },
    });
    expect(await send("{", { ...bearer, "content-type": "application/json" })).toEqual({
      status: 400,
      body: {
        error: { message: "The body is not JSON, as its content type says. Send JSON, or another content type." },
      },
    });
  });
});

test.each([
  ["full", 429, 30],
  ["not-saved", 503, 30],
  ["closed", 503, 30],
  ["too-large", 413, undefined],
  ["invalid", 400, undefined],
] as const)("tells the sender of an event that is refused: %s", async (reason, status, retryAfterSeconds) => {
  const { send, events } = openWithToken();
  events.answer = () => ({ status: "refused", reason });
  const reply = await send("x", bearer);
  expect(reply).toMatchObject({ status });
  expect(reply.retryAfterSeconds).toBe(retryAfterSeconds);
});

test("says that an event was dropped", async () => {
  const { send, events } = openWithToken();
  events.answer = () => ({ status: "dropped" });
  expect(await send("x", bearer)).toEqual({ status: 200, body: { event: null, dropped: true } });
});

test("refuses everything without a secret, and after its end", async () => {
  const open = openHook("  ");
  expect((await open.send("x", bearer)).status).toBe(503);
  expect(open.hook.state).toEqual({
    status: "failing",
    problem:
      "The environment variable HOOK is not set, so this hook refuses all requests. Put the secret of the hook into it and start again.",
  });
  const { hook, send } = openWithToken();
  await hook.close();
  expect((await send("x", bearer)).status).toBe(503);
});
