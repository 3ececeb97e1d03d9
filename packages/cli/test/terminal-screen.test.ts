import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { startSlowServer } from "./slow-server.js";
import { hasTmux, TmuxTerminal } from "./tmux.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 4096, cpu_cores: 4 };
const valve = {
  name: "valve",
  description: "Opens a valve.",
  command: ["echo", "opened", "{zone}"],
  arguments: { zone: { type: "string" } },
};
const intents = {
  slots: { zone: "text" },
  definitions: [{ name: "water", sentences: ["water {zone}"], tool: "valve", answer: "Valve: {result}" }],
};
const REPLY = "The quick brown fox jumps over the lazy dog, and then it walks all the way home again.";

/** A prompt that waits; spaces at the end of a line are not captured. */
const prompt = /^You:$/m;

/** A folder with an agent in it, and the environment that keeps the user's own files out. */
function agentFolder(config: object = {}) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-screen-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, "agent.json");
  writeFileSync(file, JSON.stringify({ spec: { name: "shed" }, device, ...config }));
  return { file, folder, environment: { XDG_STATE_HOME: folder } };
}

function open(file: string, columns: number, environment: Record<string, string>, ...args: string[]): TmuxTerminal {
  const terminal = new TmuxTerminal(["run", "--config", file, ...args], { columns, environment });
  onTestFinished(() => terminal.close());
  return terminal;
}

async function openSlow(columns: number, ...args: string[]) {
  const server = await startSlowServer(REPLY);
  const engine = { type: "openai-compatible", url: server.url, model: "slow-model" };
  const { file, environment } = agentFolder({ engine });
  return { server, terminal: open(file, columns, environment, ...args) };
}

/** Lines of the screen that belong to the last reply. */
function lastReply(screen: string): string[] {
  const lines = screen.slice(screen.lastIndexOf("Agent: ")).split("\n");
  const end = lines.findIndex((line) => line.startsWith("You:"));
  return end < 0 ? lines : lines.slice(0, end);
}

describe.skipIf(!hasTmux).each([40, 100])("a terminal of %i columns (tmux)", (columns) => {
  test("a pasted text is one message, and so are several lines by Alt-Enter and by quotes", async () => {
    const { file, environment } = agentFolder();
    const terminal = open(file, columns, environment);
    await terminal.see(prompt);
    terminal.paste("one two three\nfour five six\nseven");
    await terminal.see(/You: one two three\n\.\.\. {2}four five six\n\.\.\. {2}seven/);
    terminal.press("Enter");
    await terminal.seeWords("message of 7 words");
    terminal.type("a b c");
    terminal.press("M-Enter");
    terminal.type("d e f g h i");
    terminal.press("Enter");
    await terminal.seeWords("message of 9 words");
    terminal.type('"""a b c d');
    terminal.press("Enter");
    terminal.type('e f g h"""');
    terminal.press("Enter");
    await terminal.seeWords("message of 8 words");
  });

  test("words are not broken, and wide characters count as two", async () => {
    const { server, terminal } = await openSlow(columns);
    await terminal.see(prompt);
    terminal.type("漢字かな");
    terminal.press("Left", "Left", "BSpace");
    await terminal.see(/You: 漢かな/);
    terminal.press("Enter");
    server.finish();
    const screen = await terminal.see(/home\s+again\./);
    expect(server.asked).toEqual(["漢かな"]);
    const reply = lastReply(screen).filter((line) => line !== "");
    expect(reply.join(" ").replace("Agent: ", "")).toBe(REPLY);
    expect(reply.length).toBe(columns === 40 ? 3 : 1);
    for (const line of reply) expect(line.length).toBeLessThanOrEqual(columns);
  });

  test("a resize while a reply is written erases nothing", async () => {
    const { server, terminal } = await openSlow(columns);
    await terminal.see(prompt);
    terminal.type("go");
    terminal.press("Enter");
    await terminal.see("slow-model is working");
    for (let words = 0; words < 6; words++) server.next();
    await terminal.see("The quick brown fox jumps");
    terminal.resize(columns - 12);
    terminal.resize(columns + 20);
    server.finish();
    const screen = await terminal.see(/home\s+again\.\s+You:/);
    expect(screen.replace(/\s+/g, " ")).toContain(`You: go Agent: ${REPLY} You:`);
  });

  test("a resize at the prompt keeps the reply above it", async () => {
    const { file, environment } = agentFolder();
    const terminal = open(file, columns, environment);
    await terminal.see(prompt);
    terminal.type("hello");
    terminal.press("Enter");
    await terminal.see(/How can I\s+assist\?\s+You:/);
    terminal.type("a long line that takes more than one row of a narrow terminal, and goes on");
    await terminal.see("goes on");
    for (const width of [columns + 30, columns - 15, columns]) terminal.resize(width);
    terminal.press("Enter");
    const screen = await terminal.seeWords("message of 16 words");
    expect(screen).toContain("You: hello Agent: Hello from shed! How can I assist?");
  });

  test("keys that come while a reply is written wait for their prompt", async () => {
    const { server, terminal } = await openSlow(columns);
    await terminal.see(prompt);
    terminal.type("first");
    terminal.press("Enter");
    await terminal.see("slow-model is working");
    server.next();
    await terminal.see("Agent: ");
    terminal.type("second");
    terminal.press("Enter");
    terminal.type("third");
    server.finish();
    const screen = await terminal.see(/You: third$/m);
    expect(server.asked).toEqual(["first", "second"]);
    expect(screen.replace(/\s+/g, " ")).toContain(`You: first Agent: ${REPLY} You: second Agent: ${REPLY} You: third`);
  });

  test("one line says what goes on, and is gone when text comes", async () => {
    const { server, terminal } = await openSlow(columns, "--stats");
    await terminal.see(prompt);
    terminal.type("go");
    terminal.press("Enter");
    await terminal.see(/slow-model is working: \d+ s/);
    server.next();
    await terminal.see("Agent: ");
    await terminal.seeGone("is working");
    server.finish();
    const screen = await terminal.see(/MB\)/);
    const line = screen.replace(/\s+/g, " ");
    expect(line).toMatch(
      /\(read 30 tokens at 60 tokens\/s; wrote 20 tokens at 10 tokens\/s; first text after [\d.]+ s; memory \d+ of 256 MB\)/,
    );
  });

  test("Ctrl-C stops the reply, and a second one ends the program", async () => {
    const { server, terminal } = await openSlow(columns);
    await terminal.see(prompt);
    terminal.type("go");
    terminal.press("Enter");
    await terminal.see("is working");
    for (let words = 0; words < 3; words++) server.next();
    await terminal.see("The quick");
    terminal.press("C-c");
    await terminal.see(/\(stopped; Ctrl-C again ends the\s+session\)\s+You:/);
    terminal.press("C-c");
    await terminal.see("Session ended.");
    await terminal.see("exit code 130");
  });

  test("a question shows what would run, and always is remembered until the conversation ends", async () => {
    const { file, environment } = agentFolder({ tools: [valve], intents });
    const terminal = open(file, columns, environment);
    await terminal.see(prompt);
    terminal.type("water bed 7");
    terminal.press("Enter");
    const question = await terminal.see("[y/N]");
    expect(question).toContain('Run valve with\n  zone = "bed 7"\nCommand:     echo opened "bed 7"\nFolder:');
    terminal.type("a");
    terminal.press("Enter");
    await terminal.see("  result: opened bed 7");
    await terminal.see("Agent: Valve: opened bed 7");
    terminal.type("water herbs");
    terminal.press("Enter");
    await terminal.see('Tool valve\n  zone = "herbs"\n  result: opened herbs');
    terminal.type("/reset");
    terminal.press("Enter");
    await terminal.see("Started a new conversation.");
    terminal.type("water roses");
    terminal.press("Enter");
    await terminal.see(/zone = "roses"\nCommand/);
    terminal.press("Enter");
    await terminal.see(/not allowed to\s+run/);
    terminal.press("C-d");
    await terminal.see("exit code 0");
  });

  test("messages are on the arrow keys of the next session, unless they are not to be kept", async () => {
    const { file, folder, environment } = agentFolder();
    const kept = path.join(folder, "nanoagent/history.jsonl");
    const first = open(file, columns, environment);
    await first.see(prompt);
    first.paste("hello there\nyou");
    first.press("Enter");
    await first.see("Agent: ");
    first.type(" status");
    first.press("Enter");
    await first.see(/Runtime status/);
    first.press("C-d");
    await first.see("exit code 0");
    expect(readFileSync(kept, "utf8")).toBe('"hello there\\nyou"\n');
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    const second = open(file, columns, environment, "--no-history");
    await second.see(prompt);
    second.press("Up");
    second.type("x");
    await second.see("You: x");
    const third = open(file, columns, environment);
    await third.see(prompt);
    third.press("Up");
    await third.see("hello there⏎you");
    third.press("Enter");
    await third.see("Agent: Hello from shed!");
    third.press("C-d");
    await third.see("exit code 0");
    expect(readFileSync(kept, "utf8")).toBe('"hello there\\nyou"\n"hello there\\nyou"\n');
  });

  test("every message comes back once, and Ctrl-Z stops the job until it goes on", async () => {
    const { file, environment } = agentFolder();
    const terminal = open(file, columns, environment);
    await terminal.see(prompt);
    for (const line of ["hello", "status"]) {
      terminal.type(line);
      terminal.press("Enter");
      await terminal.see(prompt);
    }
    terminal.type("aaa");
    terminal.press("M-Enter");
    terminal.type("status");
    terminal.press("Enter");
    await terminal.see(/status\nAgent/);
    await terminal.see(prompt);
    terminal.press("Up");
    await terminal.see("You: aaa⏎status");
    terminal.press("Up");
    await terminal.see(/You: status$/m);
    terminal.press("Up");
    await terminal.see(/You: hello$/m);
    // No shell with job control has started it: nothing stops, and the editor goes on.
    terminal.press("C-z");
    await wait(400);
    terminal.type(" you");
    await terminal.see("You: hello you");
    terminal.press("C-c");
    await terminal.see(prompt);
  });

  test("a conversation that goes on says so; Tab completes slash commands; --new starts over", async () => {
    const { file, environment } = agentFolder({ session: { dir: "state" } });
    const first = open(file, columns, environment);
    await first.see(prompt);
    expect(first.screen).not.toContain("Continuing");
    first.type("hello");
    first.press("Enter");
    await first.see("Agent: ");
    first.press("C-d");
    await first.see("exit code 0");
    const second = open(file, columns, environment);
    await second.see("Continuing 2 messages; /reset starts");
    second.type("/hist");
    second.press("Tab");
    await second.see("You: /history");
    second.press("Enter");
    await second.see("user: hello");
    second.press("C-d");
    await second.see("exit code 0");
    const third = open(file, columns, environment, "--new");
    await third.see(prompt);
    expect(third.screen).not.toContain("Continuing");
  });

  test.each([
    ["--plain", {}],
    ["--no-history", { TERM: "dumb" }],
  ])("%s %j draws nothing twice, and works with Ctrl-C and quotes", async (flag, variables) => {
    const server = await startSlowServer(REPLY);
    const { file, environment } = agentFolder({
      engine: { type: "openai-compatible", url: server.url, model: "slow-model" },
    });
    const terminal = open(file, columns, { ...environment, ...variables }, flag);
    await terminal.see(prompt);
    terminal.type('"""one');
    terminal.press("Enter");
    await terminal.see(/^\.\.\.$/m);
    terminal.type('two"""');
    terminal.press("Enter");
    await terminal.see("slow-model is working");
    server.next();
    await terminal.see("Agent: ");
    terminal.press("C-c");
    await terminal.see(/\(stopped/);
    await terminal.see(prompt);
    terminal.type("quit");
    terminal.press("Enter");
    await terminal.see("exit code 0");
    expect(server.asked).toEqual(["one\ntwo"]);
  });
});
