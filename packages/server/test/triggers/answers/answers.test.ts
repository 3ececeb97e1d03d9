import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { TriggerAnswer } from "@nanoagent/models";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Broker, PublishOptions } from "../../../src/mqtt/broker.js";
import type { AnswerError } from "../../../src/triggers/answers/answer-error.js";
import type { AnswerRun } from "../../../src/triggers/answers/answer-run.js";
import { giveAnswer } from "../../../src/triggers/answers/give-answer.js";
import { testFolder } from "../runner/open-test-triggers.js";

const event = {
  id: "e1",
  trigger: "dry-bed",
  at: Date.parse("2026-11-30T06:00:00Z"),
  topic: "garden/tomatoes",
  payload: { name: "tomatoes", path: "../../etc/passwd", url: "a b&c", dash: "-rf", wild: "a+", level: "a/b" },
};

type Changes = Partial<Omit<AnswerRun, "places">> & { folder?: string; broker?: Broker; environment?: object };

async function give(place: TriggerAnswer, { folder = testFolder(), broker, environment = {}, ...own }: Changes = {}) {
  const places = { configFolder: folder, broker: broker ?? null, environment: environment as Record<string, string> };
  const signal = new AbortController().signal;
  await giveAnswer(place, { event, answer: "Watered.", key: "e1.then.0", mayBeThere: false, signal, places, ...own });
}

async function failureOf(place: TriggerAnswer, changes: Changes = {}): Promise<AnswerError> {
  return give(place, changes).then(
    () => expect.fail("The answer was given."),
    (error: AnswerError) => error,
  );
}

describe("a topic", () => {
  function fakeBroker() {
    const published: [string, string, PublishOptions | undefined][] = [];
    const broker: Broker = {
      isConnected: true,
      problem: null,
      onChange: () => () => {},
      subscribe: () => () => {},
      isSubscribedTo: () => false,
      async publish(topic, payload, options) {
        published.push([topic, String(payload), options]);
      },
    };
    return { broker, published };
  }

  test("gets the answer, or the payload of the settings", async () => {
    const { broker, published } = fakeBroker();
    await give({ mqtt: { topic: "garden/log" } }, { broker });
    const payload = '{"bed":"{topic.1}","said":"{answer}"}';
    await give({ mqtt: { topic: "{topic}/{payload.name}", payload, retain: true } }, { broker });
    expect(published).toMatchObject([
      ["garden/log", "Watered.", {}],
      ["garden/tomatoes/tomatoes", '{"bed":"tomatoes","said":"Watered."}', { retain: true }],
    ]);
  });

  test.each(["garden/{payload.wild}", "garden/{payload.level}", "{payload.missing}", ""])(
    "%j is refused",
    async (topic) => {
      const { broker, published } = fakeBroker();
      expect(await failureOf({ mqtt: { topic } }, { broker })).toMatchObject({ isPermanent: true });
      expect(published).toEqual([]);
    },
  );

  test("needs a broker", async () => {
    const error = await failureOf({ mqtt: { topic: "a" } });
    expect(error).toMatchObject({ isPermanent: true, message: expect.stringContaining("Add mqtt") });
  });
});

describe("a command", () => {
  test("gets the answer as its input, and the key and trigger in its environment", async () => {
    const folder = testFolder();
    const script = 'cat > "$1"; echo " $NANOAGENT_IDEMPOTENCY_KEY $NANOAGENT_TRIGGER" >> "$1"';
    await give({ command: ["sh", "-c", script, "sh", "{payload.name}"] }, { folder });
    expect(readFileSync(path.join(folder, "tomatoes"), "utf8")).toBe("Watered. e1.then.0 dry-bed\n");
  });

  test("that fails, is missing or hangs is an error that says so", async () => {
    const failed = await failureOf({ command: ["sh", "-c", "echo no paper >&2; exit 3"] });
    expect(failed).toMatchObject({
      isPermanent: false,
      message: "The program sh for the answer ended with code 3: no paper.",
    });
    expect((await failureOf({ command: ["no-such-program"] })).message).toContain(
      "there is no program no-such-program",
    );
    const abort = new AbortController();
    const hanging = failureOf({ command: ["sleep", "60"] }, { signal: abort.signal });
    setTimeout(() => abort.abort(), 100);
    expect((await hanging).message).toContain("ended by SIGTERM");
  });

  test("gets no option from an event", async () => {
    const error = await failureOf({ command: ["echo", "{payload.dash}"] });
    expect(error).toMatchObject({ isPermanent: true, message: expect.stringContaining("option") });
  });
});

describe("a file", () => {
  const line = { event: "e1", trigger: "dry-bed", at: "2026-11-30T06:00:00.000Z", answer: "Watered." };

  test("gets a line, once", async () => {
    const folder = testFolder();
    const file = path.join(folder, "logs", "tomatoes.jsonl");
    const place = { file: { path: "logs/{payload.name}.jsonl" } };
    await give(place, { folder });
    await give(place, { folder, mayBeThere: true });
    expect(readFileSync(file, "utf8")).toBe(`${JSON.stringify(line)}\n`);
    await give(place, { folder, event: { ...event, id: "e2" }, mayBeThere: true });
    expect(
      readFileSync(file, "utf8")
        .split("\n")
        .map((text) => text && JSON.parse(text).event),
    ).toEqual(["e1", "e2", ""]);
  });

  test("that a power cut left with half a line gets a whole one", async () => {
    const folder = testFolder();
    const whole = JSON.stringify(line);
    writeFileSync(path.join(folder, "log"), `${whole.slice(0, 20)}`);
    await give({ file: { path: "log" } }, { folder, mayBeThere: true });
    expect(readFileSync(path.join(folder, "log"), "utf8")).toBe(`${whole.slice(0, 20)}\n${whole}\n`);
  });

  test("is not chosen by an event, and a folder is an error", async () => {
    for (const template of ["{payload.path}", "logs/{payload.path}", "{payload.level}.txt"]) {
      expect(await failureOf({ file: { path: template } })).toMatchObject({ isPermanent: true });
    }
    const folder = testFolder();
    mkdirSync(path.join(folder, "log"));
    expect(await failureOf({ file: { path: "log" } }, { folder })).toMatchObject({ isPermanent: false });
  });
});

describe("an address", () => {
  async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
    const requests: { url: string | undefined; headers: IncomingMessage["headers"]; body: string }[] = [];
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (bytes) => {
        body += bytes;
      });
      request.on("end", () => {
        requests.push({ url: request.url, headers: request.headers, body });
        answer(request, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
  }

  test("gets JSON with a key and a token", async () => {
    const { url, requests } = await serve((_request, response) => response.end("thanks"));
    const place = { http: { url: `${url}/log?bed={payload.url}`, secret_env: "LOG_TOKEN" } };
    await give(place, { environment: { LOG_TOKEN: " secret " } });
    expect(requests).toMatchObject([
      {
        url: "/log?bed=a%20b%26c",
        headers: { authorization: "Bearer secret", "idempotency-key": "e1.then.0", "content-type": "application/json" },
      },
    ]);
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual({
      event: "e1",
      trigger: "dry-bed",
      at: "2026-11-30T06:00:00.000Z",
      answer: "Watered.",
    });
  });

  test.each([
    [500, false],
    [429, false],
    [404, true],
    [401, true],
  ])("that answers %i is an error", async (status, isPermanent) => {
    const { url } = await serve((_request, response) => {
      response.statusCode = status;
      response.end(`no\u001b[31m ${"x".repeat(100_000)}`);
    });
    const error = await failureOf({ http: { url } });
    expect(error).toMatchObject({ isPermanent, message: expect.stringContaining(`status ${status}: no`) });
    expect(error.message.length).toBeLessThan(400);
    expect(error.message).not.toContain("\u001b");
  });

  test("may redirect to itself, and never to another host", async () => {
    const other = await serve((_request, response) => response.end());
    const { url, requests } = await serve((request, response) => {
      const target = { "/own": "/final", "/other": other.url, "/loop": "/loop" }[request.url ?? ""];
      if (target !== undefined) response.writeHead(307, { location: target });
      response.end();
    });
    await give({ http: { url: `${url}/own` } });
    expect(requests.map((request) => request.url)).toEqual(["/own", "/final"]);
    expect(requests[1]?.body).toBe(requests[0]?.body);
    for (const start of ["/other", "/loop"]) {
      expect(await failureOf({ http: { url: url + start } })).toMatchObject({ isPermanent: true });
    }
    expect(other.requests).toEqual([]);
  });

  test("that cannot be reached or is wrong, and a missing token, are errors", async () => {
    const closed = await failureOf({ http: { url: "http://127.0.0.1:1/" } });
    expect(closed).toMatchObject({ isPermanent: false, message: expect.stringContaining("could not be reached") });
    for (const url of ["file:///etc/passwd", "nonsense", "{payload.url}"]) {
      expect(await failureOf({ http: { url } })).toMatchObject({ isPermanent: true });
    }
    const noToken = await failureOf({ http: { url: "http://127.0.0.1:1/", secret_env: "LOG_TOKEN" } });
    expect(noToken).toMatchObject({ isPermanent: true, message: expect.stringContaining("LOG_TOKEN") });
  });
});
