import { expect, test, vi } from "vitest";
import { systemClock } from "../../../src/triggers/schedules/clock.js";
import { EventFeed } from "../../../src/triggers/sources/event-feed.js";
import { AcceptedEvents, patience } from "./accepted-events.js";

const event = (payload: unknown) => ({ trigger: "test", at: 0, payload });
const numbers = (length: number) => Array.from({ length }, (_, number) => number);

function openFeed(options: { onRoom?: () => void; retryMilliseconds?: number } = {}) {
  const events = new AcceptedEvents();
  const feed = new EventFeed({ accept: events.accept, clock: systemClock, retryMilliseconds: 5, ...options });
  return { events, feed };
}

test("offers events that arrive together at once, in their order", async () => {
  const { events, feed } = openFeed();
  for (const number of numbers(600)) void feed.add(event(number));
  await Promise.resolve();
  await Promise.resolve();
  expect(events.offered).toHaveLength(256);
  await vi.waitFor(() => expect(events.payloads).toEqual(numbers(600)), patience);
  await feed.close();
});

test("offers refused events again, in their order, and says why they wait", async () => {
  const { events, feed } = openFeed();
  let room = 3;
  events.answer = () => {
    room -= 1;
    return room < 0 ? { status: "refused", reason: "full" } : null;
  };
  for (const number of numbers(10)) void feed.add(event(number));
  await vi.waitFor(() => expect(events.offered.length).toBeGreaterThan(14), patience);
  expect(events.payloads).toEqual([0, 1, 2]);
  expect(feed.problem).toMatch(/^The queue of this trigger is full/);
  room = 100;
  await vi.waitFor(() => expect(events.payloads).toEqual(numbers(10)), patience);
  await vi.waitFor(() => expect(feed.problem).toBeNull(), patience);
  await feed.close();
});

test("goes on after an event that is never accepted", async () => {
  const { events, feed } = openFeed();
  events.answer = ({ payload }) => (payload === 1 ? { status: "refused", reason: "too-large" } : null);
  for (const number of numbers(3)) void feed.add(event(number));
  await vi.waitFor(() => expect(events.payloads).toEqual([0, 2]), patience);
  await feed.close();
});

test("tells when it is full and when there is room", async () => {
  const onRoom = vi.fn();
  const { events, feed } = openFeed({ onRoom });
  for (const number of numbers(64)) void feed.add(event(number));
  expect(feed.isFull).toBe(true);
  await vi.waitFor(() => expect(onRoom).toHaveBeenCalledOnce(), patience);
  expect(feed.isFull).toBe(false);
  expect(events.all).toHaveLength(64);
  await feed.close();
});

test("tells of room also where it became full while events were being offered", async () => {
  const onRoom = vi.fn();
  const { events, feed } = openFeed({ onRoom });
  void feed.add(event(0));
  await Promise.resolve();
  for (const number of numbers(64)) void feed.add(event(number));
  expect(feed.isFull).toBe(true);
  await vi.waitFor(() => expect(events.all).toHaveLength(65), patience);
  expect(onRoom).toHaveBeenCalled();
  await feed.close();
});

test("offers refused events at once when there may be room, and takes none twice", async () => {
  const { events, feed } = openFeed({ retryMilliseconds: 60_000 });
  const isRefused = new Set([2, 3, 5]);
  events.answer = ({ payload }) => (isRefused.has(payload as number) ? { status: "refused", reason: "full" } : null);
  const taken = numbers(6).map((number) => feed.add(event(number)));
  expect(await Promise.all([taken[0], taken[1], taken[4]])).toEqual([true, true, true]);
  expect(feed.problem).toMatch(/^The queue of this trigger is full/);
  isRefused.clear();
  feed.retry();
  await Promise.all(taken);
  expect(events.payloads).toEqual([0, 1, 4, 2, 3, 5]);
  expect(feed.problem).toBeNull();
  await feed.close();
});

test("says of events that wait at its end that they were not taken", async () => {
  const { events, feed } = openFeed({ retryMilliseconds: 60_000 });
  events.answer = () => ({ status: "refused", reason: "full" });
  const waiting = feed.add(event(1));
  await vi.waitFor(() => expect(feed.problem).not.toBeNull(), patience);
  await feed.close();
  expect(await waiting).toBe(false);
  expect(await feed.add(event(2))).toBe(false);
});

test("waits at its end for the events that are being offered", async () => {
  const { events, feed } = openFeed();
  void feed.add(event(1));
  await Promise.resolve();
  await feed.close();
  void feed.add(event(2));
  expect(events.payloads).toEqual([1]);
});
