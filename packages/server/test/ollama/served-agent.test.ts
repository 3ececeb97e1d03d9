import { Ollama } from "ollama";
import { describe, expect, test } from "vitest";
import { serveHouse } from "../home-assistant/served-house.js";

describe("Ollama's JavaScript client with a served agent", () => {
  test("continues the conversation whose history it sends, and the engine sees each message once", async () => {
    await using house = await serveHouse(["One.", "Two."]);
    const ollama = new Ollama({ host: house.url });
    const messages = [{ role: "user", content: "First?" }];
    const { message } = await ollama.chat({ model: "house", messages });
    messages.push({ role: message.role, content: message.content }, { role: "user", content: "Second?" });
    expect((await ollama.chat({ model: "house:latest", messages })).message.content).toBe("Two.");
    expect(house.engine.requests[1]?.messages.map(({ content }) => content)).toEqual(["First?", "One.", "Second?"]);
    expect((await house.server.status()).conversations.open).toBe(1);
  });

  test("does not keep the engine busy after it aborts", async () => {
    await using house = await serveHouse([
      { deltas: Array.from({ length: 1000 }, () => "word "), delayMilliseconds: 20 },
      "Next.",
    ]);
    const ollama = new Ollama({ host: house.url });
    const long = await ollama.chat({ model: "house", messages: [{ role: "user", content: "Write!" }], stream: true });
    await expect(async () => {
      for await (const _part of long) long.abort();
    }).rejects.toThrow(/abort/i);
    const begun = performance.now();
    // The engine answers one turn at a time.
    const next = await ollama.chat({ model: "house", messages: [{ role: "user", content: "Next?" }] });
    expect(next.message.content).toBe("Next.");
    // The aborted reply would have taken 20 s. A busy machine may need longer than the 250 ms.
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  test("works without a socket, through the handler that apps mount", async () => {
    await using house = await serveHouse([{ deltas: ["One ", "two."] }]);
    const ollama = new Ollama({
      host: "http://127.0.0.1",
      fetch: (url, init) => house.server.fetch(new Request(url, init)),
    });
    const messages = [{ role: "user", content: "Count!" }];
    const parts: string[] = [];
    for await (const { message } of await ollama.chat({ model: "house", messages, stream: true })) {
      parts.push(message.content);
    }
    expect(parts).toEqual(["One ", "two.", ""]);
    expect((await ollama.list()).models[0]?.name).toBe("house:latest");
  });

  test("is told why its texts cannot be embedded", async () => {
    await using house = await serveHouse(["Yes."]);
    const ollama = new Ollama({ host: house.url });
    await expect(ollama.embed({ model: "house", input: "text" })).rejects.toMatchObject({
      status_code: 501,
      message: expect.stringContaining("embeddings"),
    });
  });

  test("can be the only client: root, unknown routes and wrong methods", async () => {
    await using house = await serveHouse(["Yes."]);
    const root = await fetch(house.url);
    expect(await root.text()).toContain("Ollama is running");
    const unknown = await fetch(`${house.url}/api/blobs/sha256:0`, { method: "HEAD" });
    expect(unknown.status).toBe(404);
    const wrong = await fetch(`${house.url}/api/chat`);
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST, OPTIONS"]);
    expect(await wrong.json()).toEqual({ error: expect.stringContaining("/api/chat does not support the method GET") });
    const broken = await fetch(`${house.url}/api/chat`, { method: "POST", body: "{" });
    expect([broken.status, Object.keys((await broken.json()) as object)]).toEqual([400, ["error"]]);
  });
});
