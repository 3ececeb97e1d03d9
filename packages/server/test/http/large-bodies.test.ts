import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BodySpace } from "../../src/http/body-space.js";
import type { HttpReply, HttpRequest } from "../../src/http/exchange.js";
import { fetchHandler } from "../../src/http/fetch-handler.js";

const large = new Uint8Array(100_000);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Notes the order in which bodies are parsed. */
function noted(order: string[], name: string) {
  return () => {
    order.push(name);
    return name;
  };
}

test("large bodies are parsed one at a time, with a pause, and small ones at once", async () => {
  const space = new BodySpace(1_000_000);
  const order: string[] = [];
  const first = space.open().parse(large, 1000, noted(order, "first"));
  const second = space.open().parse(large, 1000, noted(order, "second"));
  expect(await first).toBe("first");
  expect(await space.open().parse(new Uint8Array(10), 1000, noted(order, "small"))).toBe("small");
  expect(order).toEqual(["first", "small"]);
  await vi.runAllTimersAsync();
  expect(await second).toBe("second");
  expect(order).toEqual(["first", "small", "second"]);
});

test("values keep their space until the request is answered, and one large body is always taken", async () => {
  const space = new BodySpace(150_000);
  const order: string[] = [];
  const share = space.open();
  expect(share.take(large.byteLength)).toBe(true);
  await share.parse(large, 400_000, noted(order, "first"));
  expect(space.take(150_000)).toBe(true);
  space.give(150_000);
  const second = space.open().parse(large, 1000, noted(order, "second"));
  await vi.advanceTimersByTimeAsync(4000);
  expect(order).toEqual(["first"]);
  share.release();
  share.release();
  await second;
  expect(order).toEqual(["first", "second"]);
});

test("a body that waits too long is refused, and does not hold up the next one", async () => {
  const space = new BodySpace(150_000);
  const order: string[] = [];
  await space.open().parse(large, 100_000, noted(order, "held"));
  const refused = expect(space.open().parse(large, 100_000, noted(order, "refused"))).rejects.toMatchObject({
    code: "body-refused",
    status: 503,
    retrySeconds: 1,
  });
  await vi.advanceTimersByTimeAsync(3000);
  const next = space.open().parse(large, 10_000, noted(order, "next"));
  await vi.advanceTimersByTimeAsync(2000);
  await refused;
  expect(await next).toBe("next");
  expect(order).toEqual(["held", "next"]);
});

test("a request that was answered while its body waited takes no space", async () => {
  const space = new BodySpace(150_000);
  const share = space.open();
  const first = space.open();
  await first.parse(large, 100_000, () => null);
  const late = share.parse(large, 100_000, () => null);
  share.release();
  first.release();
  await vi.runAllTimersAsync();
  await late;
  await space.open().parse(large, 150_000, () => null);
});

test("a mounted service gives the space back after a whole reply, and after the end of a stream", async () => {
  let end: () => void = () => {};
  const handle = async (request: HttpRequest): Promise<HttpReply> => {
    await request.json();
    if (request.path === "/whole") return { status: 200 };
    return { status: 200, stream: () => new Promise((resolve) => (end = resolve)) };
  };
  const send = fetchHandler(handle, { allBodiesBytes: 250_000 });
  const body = JSON.stringify("a".repeat(100_000));
  const post = (path: string) => send(new Request(`http://localhost${path}`, { method: "POST", body }));
  vi.useRealTimers();
  expect((await post("/whole")).status).toBe(200);
  expect((await post("/stream")).status).toBe(200);
  let isAnswered = false;
  const next = post("/whole").then(() => {
    isAnswered = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isAnswered).toBe(false);
  end();
  await next;
});
