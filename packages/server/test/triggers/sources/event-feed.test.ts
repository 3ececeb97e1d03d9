import { expect, test, vi } from "vitest";
import { systemClock } from "../../../src/triggers/schedules/clock.js";
import { EventFeed } from "../../../src/triggers/sources/event-feed.js";
import { AcceptedEvents, patience } from "./accepted-events.js";

const event = (payload: unknown) => ({ trigger: "test", at: 0, payload });
const numbers = (length: number) => Array.from({ length }, (_, number) => number);

function openFeed(options: { onRoom?: () => void; onNotice?: (message: string) => void } = {}) {
  const events = new AcceptedEvents();
  const feed = new EventFeed({ accept: events.accept, clock: systemClock, retryMilliseconds: 5, ...options });
  return { events, feed };
}

test("offers events that arrive together at once, in their order", async () => {
  const { events, feed } = openFeed();
  for (const number of numbers(150)) feed.add(event(number));
  await Promise.resolve();
  await Promise.resolve();
  expect(events.offered).toHaveLength(64);
  await vi.waitFor(() => expect(events.payloads).toEqual(numbers(150)), patience);
  await feed.close();
});

test("offers refused events again, in their order, and says why they wait", async () => {
  const { events, feed } = openFeed();
  let room = 3;
  events.answer = () => {
    room -= 1;
    return room < 0 ? { status: "refused", reason: "full" } : null;
  };
  for (const number of numbers(10)) feed.add(event(number));
  await vi.waitFor(() => expect(events.offered.length).toBeGreaterThan(20), patience);
  expect(events.payloads).toEqual([0, 1, 2]);
  expect(feed.problem).toMatch(/^The queue of this trigger is full/);
  room = 100;
  await vi.waitFor(() => expect(events.payloads).toEqual(numbers(10)), patience);
  await vi.waitFor(() => expect(feed.problem).toBeNull(), patience);
  await feed.close();
});

test("reports an event that is never accepted, and goes on", async () => {
  const onNotice = vi.fn();
  const { events, feed } = openFeed({ onNotice });
  events.answer = ({ payload }) => (payload === 1 ? { status: "refused", reason: "too-large" } : null);
  for (const number of numbers(3)) feed.add(event(number));
  await vi.waitFor(() => expect(events.payloads).toEqual([0, 2]), patience);
  expect(onNotice.mock.calls).toEqual([["An event of more than 64 KB was left out. Send shorter ones."]]);
  await feed.close();
});

test("tells when it is full and when there is room", async () => {
  const onRoom = vi.fn();
  const { events, feed } = openFeed({ onRoom });
  for (const number of numbers(64)) feed.add(event(number));
  expect(feed.isFull).toBe(true);
  await vi.waitFor(() => expect(onRoom).toHaveBeenCalledOnce(), patience);
  expect(feed.isFull).toBe(false);
  expect(events.all).toHaveLength(64);
  await feed.close();
});

test("waits at its end for the events that are being offered", async () => {
  const { events, feed } = openFeed();
  feed.add(event(1));
  await Promise.resolve();
  await feed.close();
  feed.add(event(2));
  expect(events.payloads).toEqual([1]);
});
