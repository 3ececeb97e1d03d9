import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { exampleConfig } from "./run-program.js";
import { hasScript, Terminal } from "./terminal.js";

const run = ["run", "--config", exampleConfig];
const keys = { up: "\u001b[A", left: "\u001b[D", movedLeft: "\u001b[1D", controlC: "\u0003", controlD: "\u0004" };

/** An agent with one sentence, which runs a command that asks before. */
function configWithTool(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, "agent.json");
  const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 4096, cpu_cores: 4 };
  const zone = { type: "string" };
  const config = {
    spec: { name: "shed" },
    device,
    tools: [{ name: "valve", description: "Opens.", command: ["echo", "open", "--", "{zone}"], arguments: { zone } }],
    intents: {
      slots: { zone: "text" },
      definitions: [{ name: "water", sentences: ["water {zone}"], tool: "valve", answer: "Valve: {result}" }],
    },
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

describe.skipIf(!hasScript)("at a terminal (script(1))", () => {
  test("asks before a tool changes the world, and only a yes is one", async () => {
    const terminal = new Terminal(["run", "--config", configWithTool()]);
    await terminal.see("You: ");
    terminal.type("water bed\r");
    await terminal.see('Run valve with\r\n  zone = "bed"\r\nCommand:     echo open -- bed\r\n');
    await terminal.see("[y/N] ");
    terminal.type("y\r");
    await terminal.see("Agent: Valve: open -- bed");
    await terminal.see("You: ");
    terminal.type("water bed\r");
    await terminal.see("[y/N] ");
    terminal.type("\r");
    await terminal.see("Agent: The tool valve was not allowed to run.");
    await terminal.see("You: ");
    terminal.type("water bed\r");
    await terminal.see("[y/N] ");
    terminal.type(keys.controlC);
    await terminal.see("(stopped; Ctrl-C again ends the session)");
    await terminal.see("You: ");
    terminal.type(keys.controlD);
    expect(await terminal.ended).toBe(0);
  });

  test("prompts, edits lines, remembers them, and ends by Ctrl-D", async () => {
    const terminal = new Terminal(run);
    await terminal.see("Type 'quit' to exit.");
    await terminal.see("You: ");
    terminal.type("helo");
    await terminal.see("helo");
    terminal.type(keys.left);
    await terminal.see(keys.movedLeft);
    terminal.type("l");
    await terminal.see("hello");
    terminal.type("\r");
    await terminal.see("Agent: Hello from field-assistant! How can I assist?");
    await terminal.see("You: ");
    terminal.type(keys.up);
    await terminal.see("hello");
    terminal.type("\r");
    await terminal.see("Agent: Hello from field-assistant! How can I assist?");
    await terminal.see("You: ");
    terminal.type(keys.controlD);
    await terminal.see("Session ended.");
    expect(await terminal.ended).toBe(0);
  });

  test("Ctrl-C takes the line back, then asks, then ends with 130", async () => {
    const terminal = new Terminal(run);
    await terminal.see("You: ");
    terminal.type("status of no interest");
    await terminal.see("interest");
    terminal.type(keys.controlC);
    terminal.type("hello\r");
    await terminal.see("Agent: Hello from");
    await terminal.see("You: ");
    terminal.type(keys.controlC);
    await terminal.see("Press Ctrl-C again");
    await terminal.see("You: ");
    terminal.type(keys.controlC);
    await terminal.see("Session ended.");
    expect(await terminal.ended).toBe(130);
  });

  test("20 columns are enough", async () => {
    const terminal = new Terminal(run, 20);
    await terminal.see("You: ");
    terminal.type("hello\r");
    await terminal.see("Agent: Hello from\r\nfield-assistant! How");
    terminal.type("q\r");
    expect(await terminal.ended).toBe(0);
  });
});
