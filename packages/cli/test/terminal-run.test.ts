import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { exampleConfig, program } from "./run-program.js";

const hasScript = process.platform === "linux" && spawnSync("script", ["--version"]).status === 0;

/** The program at a real terminal, which script(1) makes: type keys, wait for what appears. */
class Terminal {
  readonly #child;
  #seen = "";
  #waiting: (() => void) | null = null;
  readonly ended: Promise<number | null>;

  constructor(columns = 80, config = exampleConfig) {
    const command = `stty cols ${columns} rows 24; exec '${process.execPath}' '${program}' run --config '${config}'`;
    this.#child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
      env: { ...process.env, TERM: "xterm" },
    });
    this.#child.stdout.setEncoding("utf8").on("data", (text) => {
      this.#seen += text;
      this.#waiting?.();
    });
    this.ended = new Promise((resolve) => this.#child.on("close", resolve));
  }

  /** Waits until this appears, and forgets what came before it. */
  async see(text: string): Promise<void> {
    while (!this.#seen.includes(text)) {
      const more = new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
      const end = this.ended.then(() => {
        if (!this.#seen.includes(text))
          throw new Error(`It ended without showing ${JSON.stringify(text)}: ${JSON.stringify(this.#seen)}`);
      });
      await Promise.race([more, end]);
    }
    this.#seen = this.#seen.slice(this.#seen.indexOf(text) + text.length);
  }

  type(keys: string): void {
    this.#child.stdin.write(keys);
  }
}

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
    const terminal = new Terminal(80, configWithTool());
    await terminal.see("You: ");
    terminal.type("water bed\r");
    await terminal.see('Run valve with {"zone":"bed"}? [y/N] ');
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
    await terminal.see("(stopped)");
    await terminal.see("You: ");
    terminal.type(keys.controlD);
    expect(await terminal.ended).toBe(0);
  });

  test("prompts, edits lines, remembers them, and ends by Ctrl-D", async () => {
    const terminal = new Terminal();
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
    const terminal = new Terminal();
    await terminal.see("You: ");
    terminal.type("status of no interest");
    await terminal.see("interest");
    terminal.type(keys.controlC);
    terminal.type("hello\r");
    await terminal.see("Agent: Hello from");
    await terminal.see("You: ");
    terminal.type(keys.controlC);
    await terminal.see("To end the session");
    await terminal.see("You: ");
    terminal.type(keys.controlC);
    await terminal.see("Session ended.");
    expect(await terminal.ended).toBe(130);
  });

  test("20 columns are enough", async () => {
    const terminal = new Terminal(20);
    await terminal.see("You: ");
    terminal.type("hello\r");
    await terminal.see("Agent: Hello from field-assistant!");
    terminal.type("q\r");
    expect(await terminal.ended).toBe(0);
  });
});
