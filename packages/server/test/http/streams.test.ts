import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EventStream } from "../../src/http/event-stream.js";
import type { ReplyWriter } from "../../src/http/exchange.js";
import { NdjsonStream } from "../../src/http/ndjson-stream.js";

class Page implements ReplyWriter {
  text = "";
  room: Promise<void> | undefined;

  write(text: string): void | Promise<void> {
    this.text += text;
    return this.room;
  }
}

test("events have the form that clients read", () => {
  const page = new Page();
  const events = new EventStream(page);
  void events.data({ a: "b\n" });
  void events.event("response.created", { b: 1 });
  void events.comment("two\r\nlines\n\ndata: x");
  void events.done();
  expect(page.text).toBe(
    'data: {"a":"b\\n"}\n\nevent: response.created\ndata: {"b":1}\n\n: two lines data: x\n\ndata: [DONE]\n\n',
  );
});

test("lines", () => {
  const page = new Page();
  const lines = new NdjsonStream(page);
  void lines.line({ a: "b\n" });
  void lines.line([1]);
  expect(page.text).toBe('{"a":"b\\n"}\n[1]\n');
});

test("characters at which some clients end a line are escaped", () => {
  const page = new Page();
  const text = "a\u2028b\u2029c\u0085d";
  void new EventStream(page).data(text);
  void new NdjsonStream(page).line(text);
  expect(page.text).toBe('data: "a\\u2028b\\u2029c\\u0085d"\n\n"a\\u2028b\\u2029c\\u0085d"\n');
});

test("a slow client holds the writer", () => {
  const page = new Page();
  page.room = new Promise(() => {});
  expect(new EventStream(page).data(1)).toBe(page.room);
  expect(new NdjsonStream(page).line(1)).toBe(page.room);
});

describe("keep-alive", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("writes comments while nothing else is written", () => {
    const page = new Page();
    const events = new EventStream(page);
    events.keepAlive(15_000);
    vi.advanceTimersByTime(14_000);
    expect(page.text).toBe("");
    vi.advanceTimersByTime(31_000);
    expect(page.text).toBe(": ping\n\n".repeat(3));
  });

  test("is silent while events are written", () => {
    const page = new Page();
    const events = new EventStream(page);
    events.keepAlive(15_000);
    for (let second = 0; second < 60; second += 10) {
      void events.data(second);
      vi.advanceTimersByTime(10_000);
    }
    expect(page.text).not.toContain("ping");
    vi.advanceTimersByTime(10_000);
    expect(page.text).toContain("ping");
  });

  test("ends with the stream", () => {
    const page = new Page();
    const events = new EventStream(page);
    events.keepAlive();
    void events.done();
    events.keepAlive();
    events.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("writes no second comment before the first is read", async () => {
    const page = new Page();
    let read = () => {};
    page.room = new Promise((resolve) => {
      read = resolve;
    });
    const events = new EventStream(page);
    events.keepAlive(3000);
    vi.advanceTimersByTime(30_000);
    expect(page.text).toBe(": ping\n\n");
    read();
    await vi.advanceTimersByTimeAsync(3000);
    expect(page.text).toBe(": ping\n\n".repeat(2));
    events.stop();
  });
});
