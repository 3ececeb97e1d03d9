import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { openAgent } from "@nanoagent/runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ConversationStore } from "../../src/conversations/conversation-store.js";
import { PermissionDesk } from "../../src/permissions/permission-desk.js";
import type { ClientMessage } from "../../src/turns/split-messages.js";
import { TurnAnswering } from "../../src/turns/turn-answering.js";
import { askOf, callerTools, callsOf, inShort, textOf, user } from "./chat-client.js";
import { LookupEngine, lookup, visibleInShort } from "./lookup-engine.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };
const spec = { name: "house", capabilities: ["lookup"] };

/** Changes that a client makes to its history before it sends a message. */
const edits = {
  nothing: (history) => history,
  regenerate: (history) =>
    history.slice(
      0,
      history.findLastIndex(({ role }) => role === "user"),
    ),
  "forget the beginning": (history) => history.slice(2),
  "forget the end": (history) => history.slice(0, -1),
  "forget everything": () => [],
  "edit the beginning": ([first, ...rest]) => (first === undefined ? [] : [{ ...first, content: "edited" }, ...rest]),
  "edit the end": (history) => [...history.slice(0, -1), { role: "assistant", content: "edited reply" }],
  "drop white space": (history) => history.map((message) => ({ ...message, content: message.content.trim() })),
  "drop calls": (history) => history.filter(({ role, tool_calls }) => role !== "tool" && tool_calls === undefined),
  "rename calls": (history) => history.map(renamed),
} satisfies Record<string, (history: ClientMessage[]) => ClientMessage[]>;

function renamed(message: ClientMessage): ClientMessage {
  const { tool_calls, tool_call_id } = message;
  if (tool_call_id !== undefined) return { ...message, tool_call_id: `x${tool_call_id}` };
  return tool_calls === undefined
    ? message
    : { ...message, tool_calls: tool_calls.map((call) => ({ ...call, id: `x${call.id}` })) };
}

interface Step {
  client: number;
  edit: keyof typeof edits;
  /** Words that the engine understands. */
  words: string;
  /** Sends the same twice at once. */
  isDoubled: boolean;
  /** Leaves after this number of events. */
  leavesAfter: number | null;
  /** Takes the history of another client first. */
  copies: number | null;
  /** Goes back to the history that it had this number of replies ago. */
  goesBack: number;
  restartsService: boolean;
}

const CLIENTS = 4;
const clientNumber = fc.nat(CLIENTS - 1);
const step: fc.Arbitrary<Step> = fc.record({
  client: clientNumber,
  edit: fc.oneof(
    { arbitrary: fc.constant("nothing" as const), weight: 8 },
    {
      arbitrary: fc.constantFrom(...(Object.keys(edits) as (keyof typeof edits)[])),
      weight: 10,
    },
  ),
  words: fc.constantFrom("hello", "look", "look and light", "lights", "slow", "fail", "look and fail", "look slow"),
  isDoubled: fc.boolean(),
  leavesAfter: fc.option(fc.nat(8), { freq: 6 }),
  copies: fc.option(clientNumber, { freq: 6 }),
  goesBack: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, fc.integer({ min: 1, max: 3 })),
  restartsService: fc.nat(9).map((number) => number === 0),
});

/** Clients: two with ids, two without. The first id is given in two ways. */
const idsOf = (client: number) => [["Chat/1"], ["chat-2", "user"], [], []][client] ?? [];

interface RunOptions {
  dir?: string;
  /** Most open conversations. */
  max?: number;
  maxHistoryBytes?: number;
  maxTotalBytes?: number;
}

async function run(steps: readonly (readonly Step[])[], { dir, max = 3, ...limits }: RunOptions = {}): Promise<void> {
  const engine = new LookupEngine();
  const session = dir === undefined ? undefined : { dir, fsync: "never" as const };
  const open = async () => {
    const agent = await openAgent({ spec, device, session }, { engine, tools: [lookup] });
    const store = new ConversationStore({ limits: { max }, ...limits });
    return { agent, answering: new TurnAnswering(agent, new PermissionDesk(), { store }) };
  };
  let service = await open();
  /** All histories of each client, the newest last. */
  const histories: ClientMessage[][][] = Array.from({ length: CLIENTS }, () => [[]]);
  /** Lists that were sent, by the unique text of the last message. */
  const sent = new Map<string, ClientMessage[]>();
  let messages = 0;

  async function send(client: number, list: ClientMessage[], leavesAfter: number | null): Promise<ClientMessage[]> {
    const controller = new AbortController();
    const ask = askOf(list, { conversationIds: idsOf(client), callerTools });
    const events = [];
    for await (const event of await service.answering.answer(ask, controller.signal)) {
      events.push(event);
      if (events.length === leavesAfter) controller.abort();
    }
    const last = events.at(-1);
    expect(["run-end", "error"]).toContain(last?.type);
    const tool_calls = callsOf(events);
    return [...list, { role: "assistant", content: textOf(events), ...(tool_calls.length > 0 && { tool_calls }) }];
  }

  async function take({ client, edit, words, isDoubled, leavesAfter, copies, goesBack }: Step) {
    const number = ++messages;
    const history = edits[edit](histories[copies ?? client]?.at(-1 - goesBack) ?? []);
    const calls = history.at(-1)?.tool_calls ?? [];
    const added: ClientMessage[] =
      calls.length > 0 && !words.startsWith("hello")
        ? calls.map(({ id }, index) => ({ role: "tool", content: `result ${number} ${index}`, tool_call_id: id }))
        : [user(`${words} ${number}`)];
    const list = [...history, ...added];
    sent.set(added.at(-1)?.content ?? "", list);
    const replies = await Promise.all(Array.from({ length: isDoubled ? 2 : 1 }, () => send(client, list, leavesAfter)));
    histories[client]?.push(replies[0] as ClientMessage[]);
  }

  try {
    for (const together of steps) {
      if (together.some(({ restartsService }) => restartsService)) {
        await service.answering.close();
        await service.agent.close();
        service = await open();
      }
      await Promise.all(together.map(take));
    }
    expect(service.answering.conversations.open).toBeLessThanOrEqual(max);
    expect([service.answering.running, service.answering.waiting]).toEqual([0, 0]);
  } finally {
    await service.answering.close();
    await service.agent.close();
  }
  for (const { messages: shown } of engine.requests) {
    // Steps after the agent's own calls show the same, and what was said and called in this turn.
    const visible = visibleInShort(shown);
    const begun = shown.findLastIndex(
      ({ role, tool_call_id = "" }) => role === "user" || (role === "tool" && !tool_call_id.startsWith("own-")),
    );
    const expected = sent.get(shown[begun]?.content ?? "") ?? [];
    // The agent's own calls were run: the last message is the reply so far.
    const asked = begun < shown.length - 1 ? visible.slice(0, -1) : visible;
    // A limit on the history drops whole turns at its beginning.
    expect(asked).toEqual(inShort(limits.maxHistoryBytes === undefined ? expected : expected.slice(-asked.length)));
  }
}

const schedule = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 });

test("in memory, the engine sees exactly what the client sends, and the agent's own calls", async () => {
  await fc.assert(fc.asyncProperty(schedule, (steps) => run(steps)));
});

test("with small limits of bytes, the engine sees the end of what the client sends", async () => {
  const property = fc.asyncProperty(schedule, (steps) => run(steps, { maxHistoryBytes: 1500, maxTotalBytes: 40_000 }));
  await fc.assert(property);
});

/** Steps of one client that often returns to what it had, and whose conversation is often opened again. */
const returning: fc.Arbitrary<Step> = fc.record({
  client: fc.constant(0),
  edit: fc.constantFrom("nothing", "forget everything", "drop calls", "forget the end", "regenerate"),
  words: fc.constantFrom("hello", "look and light", "lights"),
  isDoubled: fc.constant(false),
  leavesAfter: fc.constantFrom(null, 1),
  copies: fc.constant(null),
  goesBack: fc.nat(3),
  restartsService: fc.boolean(),
});

test.each([
  ["many clients", schedule, 30],
  [
    "a client that returns",
    fc.array(
      returning.map((one) => [one]),
      { minLength: 4, maxLength: 8 },
    ),
    60,
  ],
])("with a session, the engine sees exactly what the client sends: %s", async (_, steps, numRuns) => {
  const property = fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), async (chosen, max) => {
    const dir = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
    try {
      await run(chosen, { dir, max });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
  await fc.assert(property, { numRuns, endOnFailure: true });
});
