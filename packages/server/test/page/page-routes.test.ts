import http from "node:http";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pageFiles } from "../../src/page/page-files.js";
import { OpenPage, post, say } from "./page-client.js";
import { servePage } from "./serve-page.js";

const html = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; " +
  "base-uri 'none'; frame-ancestors 'none'";

describe("the files of the page", () => {
  test("need no key, and have the headers that keep other pages out", async () => {
    const { url } = await servePage([], {
      settings: { api_keys_env: "KEYS" },
      options: { environment: { KEYS: "na-secret" } },
    });
    const files = [
      ["/", "text/html; charset=utf-8", pageFiles.html],
      ["/page/page.js", "text/javascript; charset=utf-8", pageFiles.script],
      ["/page/page.css", "text/css; charset=utf-8", pageFiles.style],
      ["/page/icon.svg", "image/svg+xml; charset=utf-8", pageFiles.icon],
    ] as const;
    for (const [path, type, text] of files) {
      const reply = await fetch(`${url}${path}`, { headers: html });
      expect(reply.status).toBe(200);
      expect(await reply.text()).toBe(text);
      expect(Object.fromEntries(reply.headers)).toMatchObject({
        "content-type": type,
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "cross-origin-opener-policy": "same-origin",
        "cache-control": "no-cache",
      });
      const etag = reply.headers.get("etag") ?? "";
      for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
        const same = await fetch(`${url}${path}`, { headers: { ...html, "if-none-match": tag } });
        expect([same.status, await same.text(), same.headers.get("etag")]).toEqual([304, "", etag]);
        expect(same.headers.get("content-security-policy")).toBe(policy);
      }
      expect((await fetch(`${url}${path}`, { headers: { ...html, "if-none-match": '"other"' } })).status).toBe(200);
      const head = await fetch(`${url}${path}`, { method: "HEAD", headers: html });
      expect([head.status, await head.text()]).toEqual([200, ""]);
      expect(head.headers.get("content-length")).toBe(String(Buffer.byteLength(text)));
      expect((await fetch(`${url}${path}`, { method: "POST", headers: html })).status).not.toBe(200);
    }
  });

  test("are for browsers: other clients of the root get Ollama's answer", async () => {
    const { url } = await servePage([]);
    for (const accept of ["*/*", "application/json", "text/plain", "text/html;q=0", "text/htmlx", ""]) {
      const reply = await fetch(url, { headers: { accept } });
      expect(await reply.text(), accept).toContain("Ollama is running");
      expect(reply.headers.get("vary")).toBe("accept");
    }
    for (const accept of ["text/html", "TEXT/HTML; charset=utf-8", "text/plain, text/html;q=0.1"]) {
      const reply = await fetch(url, { headers: { accept } });
      expect(await reply.text(), accept).toBe(pageFiles.html);
      expect(reply.headers.get("vary")).toBe("accept");
    }
  });

  test("are not there if the config turns the page off", async () => {
    const { url } = await servePage([], { settings: { page: false } });
    expect(await (await fetch(url, { headers: html })).text()).toContain("Ollama is running");
    for (const path of ["/page/page.js", "/page/events"]) expect((await fetch(`${url}${path}`)).status).toBe(404);
    expect((await post(url, "/page/messages", { message: "x" })).status).toBe(404);
  });
});

/** Sends a request with headers that fetch does not allow. */
function send(url: string, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = http.get(`${url}${path}`, { headers }, (response) => {
      response.destroy();
      resolve(response.statusCode ?? 0);
    });
    request.on("error", reject);
  });
}

describe("the data of the page", () => {
  test("needs a key where the service has one", async () => {
    const { url } = await servePage(["Hi."], {
      settings: { api_keys_env: "KEYS" },
      options: { environment: { KEYS: "na-secret" } },
    });
    const key = { authorization: "Bearer na-secret" };
    const answers = await Promise.all([
      fetch(`${url}/page/events`),
      fetch(`${url}/page/events`, { headers: { authorization: "Bearer na-other" } }),
      fetch(`${url}/page/messages`, { method: "POST", body: '{"message":"x"}' }),
      fetch(`${url}/page/stop`, { method: "POST", body: '{"conversation":"x"}' }),
      fetch(`${url}/page/conversations/x`, { method: "DELETE" }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
    expect((await post(url, "/page/messages", { message: "x" }, key)).status).toBe(202);
    expect(await send(url, "/page/events", key)).toBe(200);
  });

  test("is for the service's own page: not for other hosts, origins and sites", async () => {
    const { url } = await servePage(["Hi."]);
    expect(await send(url, "/page/events", {})).toBe(200);
    expect(await send(url, "/page/events", { host: "evil.example" })).toBe(403);
    expect(await send(url, "/page/events", { origin: "http://evil.example" })).toBe(403);
    expect(await send(url, "/page/events", { "sec-fetch-site": "cross-site" })).toBe(403);
    expect(await send(url, "/", { ...html, host: "evil.example" })).toBe(403);
    // A link on another page may open it.
    expect(await send(url, "/", { ...html, "sec-fetch-site": "cross-site" })).toBe(200);
    const foreign = { origin: "http://evil.example" };
    expect((await post(url, "/page/messages", { message: "x" }, foreign)).status).toBe(403);
  });
});

describe("behind a proxy that changes the Host", () => {
  const origin = "https://shed.example";

  test("the page loads, and its data needs the origin in the config", async () => {
    const { url } = await servePage(["Hi."]);
    for (const path of ["/", "/page/page.js", "/page/page.css", "/page/icon.svg"]) {
      expect(await send(url, path, { ...html, origin, "sec-fetch-site": "same-origin" }), path).toBe(200);
    }
    const refused = await fetch(`${url}/page/events`, { headers: { origin } });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({
      error: { code: "host_refused", message: expect.stringContaining("serve.allow_origins") },
    });
  });

  test("the page works with its origin in allow_origins", async () => {
    const { url } = await servePage(["Hi."], { settings: { allow_origins: [origin] } });
    const page = await OpenPage.open(url, null, { origin });
    const { status, json } = await post(url, "/page/messages", { message: "hello" }, { origin });
    expect(status).toBe(202);
    await page.find("conversations", ({ conversations }) => conversations[0]?.id === json.conversation);
  });

  test("the page works if the proxy keeps the Host, and its name is in allow_hosts", async () => {
    const { url } = await servePage(["Hi."], { settings: { allow_hosts: ["shed.example"] } });
    expect(await send(url, "/page/events", { host: "shed.example", origin })).toBe(200);
  });
});

test("a header that browsers ignore without TLS is only sent to this machine", async () => {
  const { url } = await servePage([], { settings: { allow_hosts: ["agent.local"] } });
  const headerFor = (host: string) =>
    new Promise((resolve, reject) => {
      const request = http.get(url, { headers: { ...html, host } }, (response) => {
        response.destroy();
        resolve(response.headers["cross-origin-opener-policy"]);
      });
      request.on("error", reject);
    });
  for (const host of ["localhost:7420", "127.0.0.1", "[::1]:80"]) expect(await headerFor(host)).toBe("same-origin");
  expect(await headerFor("agent.local")).toBeUndefined();
});

describe("a body", () => {
  test.each([
    ["no message", {}, 400],
    ["an empty message", { message: " \n" }, 400],
    ["a message that is not a text", { message: 5 }, 400],
    ["a conversation that is not a text", { message: "x", conversation: 5 }, 400],
    ["an unknown conversation", { message: "x", conversation: "page-1" }, 404],
    ["a list", [], 400],
    ["null", "null", 400],
    ["broken JSON", '{"message"', 400],
    ["a message that is too long", { message: "ä".repeat(131_073) }, 413],
  ])("with %s is refused", async (_name, body, status) => {
    const { url } = await servePage(["Hi."]);
    expect((await post(url, "/page/messages", body)).status).toBe(status);
    expect((await post(url, "/page/stop", body)).status).toBe(status === 413 ? 400 : status);
  });

  test("with a message of the greatest length is answered", async () => {
    const { url } = await servePage(["Hi."]);
    expect((await say(url, "ä".repeat(131_072))).turn.state).toBe("waiting");
  });

  test("of any JSON gets one of the expected answers, and the service goes on", async () => {
    const { url } = await servePage(["Hi."]);
    const body = fc.oneof(
      fc.json(),
      fc.record({ message: fc.anything(), conversation: fc.anything() }).map((value) => JSON.stringify(value) ?? ""),
      fc.record({ message: fc.string({ unit: "binary" }) }).map((value) => JSON.stringify(value)),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom("messages", "stop"), async (text, path) => {
        const { status, json } = await post(url, `/page/${path}`, text);
        expect([200, 202, 400, 404, 429]).toContain(status);
        if (status >= 400) expect(json.error).toMatchObject({ message: expect.any(String) });
      }),
      { numRuns: 100 },
    );
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});
