import type { PermissionRequest } from "@nanoagent/runtime";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { PermissionDesk, type Question } from "../../src/permissions/permission-desk.js";

const request: PermissionRequest = {
  tool: "water",
  description: "Waters the plants.",
  arguments: { litres: 2 },
  changes_world: true,
  will_run: { type: "program", program: "water" } as never,
};
const signal = () => new AbortController().signal;

/** Somebody who can answer, and the questions that they saw. */
function person(): { show: (question: Question, options: { signal: AbortSignal }) => void; seen: Question[] } {
  const seen: Question[] = [];
  return { seen, show: (question) => void seen.push(question) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("with nobody there", () => {
  test("the question is refused at once", async () => {
    const desk = new PermissionDesk();
    expect(await desk.ask(request, { signal: signal(), stream: null })).toBe(false);
    expect(desk.waiting).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("an aborted turn is not asked about", async () => {
    const { show, seen } = person();
    const desk = new PermissionDesk();
    desk.attach(show);
    expect(await desk.ask(request, { signal: AbortSignal.abort(), stream: show })).toBe(false);
    expect(seen).toEqual([]);
  });
});

describe.each(["attached", "the client of the reply"])("somebody %s", (kind) => {
  function open(options = {}) {
    const desk = new PermissionDesk(options);
    const { show, seen } = person();
    if (kind === "attached") desk.attach(show);
    const controller = new AbortController();
    const asking = desk.ask(request, { signal: controller.signal, stream: kind === "attached" ? null : show });
    return { desk, seen, controller, asking };
  }

  test.each([true, false])("answers %s, and the first answer counts", async (allow) => {
    const { desk, seen, asking } = open();
    expect(desk.waiting).toEqual(seen);
    expect(seen).toMatchObject([{ request, seconds: 60 }]);
    const id = seen[0]?.id ?? "";
    expect(desk.answer(id, allow)).toBe(true);
    expect(desk.answer(id, !allow)).toBe(false);
    expect(await asking).toBe(allow);
    expect(desk.waiting).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("does not answer in time", async () => {
    const { desk, seen, asking } = open({ askSeconds: 3 });
    vi.advanceTimersByTime(1500);
    expect(desk.waiting).toMatchObject([{ seconds: 2 }]);
    vi.advanceTimersByTime(1500);
    expect(await asking).toBe(false);
    expect(desk.answer(seen[0]?.id ?? "", true)).toBe(false);
  });

  test("is told when the question is over", async () => {
    const desk = new PermissionDesk();
    const signals: AbortSignal[] = [];
    const show = (_: Question, { signal }: { signal: AbortSignal }) => void signals.push(signal);
    if (kind === "attached") desk.attach(show);
    const asking = desk.ask(request, { signal: signal(), stream: kind === "attached" ? null : show });
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    desk.answer(desk.waiting[0]?.id ?? "", true);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(await asking).toBe(true);
  });

  test("gets no as soon as the turn is aborted", async () => {
    const { desk, controller, asking } = open();
    controller.abort();
    expect(await asking).toBe(false);
    expect(desk.waiting).toEqual([]);
  });

  test("gets no when the desk closes", async () => {
    const { desk, asking } = open();
    desk.close();
    expect(await asking).toBe(false);
  });

  test("may fail to show the question", async () => {
    const desk = new PermissionDesk();
    const fails = () => {
      throw new Error("no screen");
    };
    const { show, seen } = person();
    desk.attach(fails);
    desk.attach(show);
    const asking = desk.ask(request, { signal: signal(), stream: kind === "attached" ? null : fails });
    expect(desk.answer(seen[0]?.id ?? "", true)).toBe(true);
    expect(await asking).toBe(true);
  });
});

test("ids are unguessable and unique", () => {
  const desk = new PermissionDesk();
  const { show, seen } = person();
  desk.attach(show);
  for (let count = 0; count < 20; count++) void desk.ask(request, { signal: signal(), stream: null });
  expect(new Set(seen.map(({ id }) => id)).size).toBe(20);
  for (const { id } of seen)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(desk.answer("unknown", true)).toBe(false);
  desk.close();
});

test("at most 32 questions wait, and a further one gets no", async () => {
  const desk = new PermissionDesk();
  desk.attach(person().show);
  const asking = Array.from({ length: 32 }, () => desk.ask(request, { signal: signal(), stream: null }));
  expect(await desk.ask(request, { signal: signal(), stream: person().show })).toBe(false);
  expect(desk.waiting).toHaveLength(32);
  desk.answer(desk.waiting[0]?.id ?? "", true);
  void desk.ask(request, { signal: signal(), stream: null });
  expect(desk.waiting).toHaveLength(32);
  desk.close();
  expect((await Promise.all(asking)).filter(Boolean)).toHaveLength(1);
});

test("somebody who comes later sees the questions that wait", async () => {
  const desk = new PermissionDesk();
  const client = person();
  const asking = desk.ask(request, { signal: signal(), stream: client.show });
  const page = person();
  desk.attach(page.show);
  expect(page.seen.map(({ id }) => id)).toEqual(client.seen.map(({ id }) => id));
  desk.answer(page.seen[0]?.id ?? "", true);
  expect(await asking).toBe(true);
});

test("when the last one who can answer leaves, waiting questions become no", async () => {
  const desk = new PermissionDesk();
  const [leaveTerminal, leavePage] = [desk.attach(person().show), desk.attach(person().show)];
  const client = person();
  const ofNobody = desk.ask(request, { signal: signal(), stream: null });
  const ofClient = desk.ask(request, { signal: signal(), stream: client.show });
  leaveTerminal();
  leaveTerminal();
  expect(desk.waiting).toHaveLength(2);
  leavePage();
  expect(await ofNobody).toBe(false);
  expect(desk.waiting).toHaveLength(1);
  desk.answer(client.seen[0]?.id ?? "", true);
  expect(await ofClient).toBe(true);
});

test("a wait longer than timers can count does not end at once", async () => {
  const desk = new PermissionDesk({ askSeconds: 10 ** 9 });
  desk.attach(person().show);
  void desk.ask(request, { signal: signal(), stream: null });
  vi.advanceTimersByTime(3_600_000);
  expect(desk.waiting).toHaveLength(1);
  desk.close();
});

test("how each question ended is told once", async () => {
  const answers: string[] = [];
  const desk = new PermissionDesk({ onAnswer: (answer) => answers.push(answer) });
  await desk.ask(request, { signal: signal(), stream: null });
  const { show, seen } = person();
  const leave = desk.attach(show);
  for (const allow of [true, false]) {
    const asked = desk.ask(request, { signal: signal(), stream: null });
    const { id } = seen.at(-1) ?? expect.fail("no question");
    expect([desk.answer(id, allow), desk.answer(id, !allow)]).toEqual([true, false]);
    expect(await asked).toBe(allow);
  }
  const unanswered = [1, 2].map(() => desk.ask(request, { signal: signal(), stream: null }));
  leave();
  expect(await Promise.all(unanswered)).toEqual([false, false]);
  expect(answers).toEqual(["unanswered", "allowed", "denied", "unanswered", "unanswered"]);
});
