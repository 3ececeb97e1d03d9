import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { runProgram } from "../run-program.js";
import { hasTmux, TmuxTerminal } from "../tmux.js";
import { chat, makeFolder, placesIn, ServedProgram, StreamedReply } from "./served-program.js";

const config = `
spec: { name: shed, max_memory_mb: 200 }
tools:
  - name: open_vent
    description: Opens the vent.
    command: [sh, -c, "echo {size} >> opened && echo open"]
    arguments: { size: { type: integer } }
    permission: ask
intents:
  slots: { size: { from: 1, to: 99 } }
  definitions:
    - { name: vent, sentences: ["open {size}"], tool: open_vent, answer: "It is {result}.", failure: "No: {error}" }
serve: { ask_seconds: 60 }
`;

async function makeAgent(): Promise<{
  folder: string;
  file: string;
  places: Record<string, string>;
  opened: () => Promise<string>;
}> {
  const folder = makeFolder();
  const file = path.join(folder, "agent.yaml");
  await writeFile(file, config);
  return {
    folder,
    file,
    places: placesIn(folder),
    opened: () => readFile(path.join(folder, "opened"), "utf8").catch(() => ""),
  };
}

const asking = { "x-nanoagent-permission": "ask" };

describe("over the wire", () => {
  test("the client of a stream is asked, and its answer counts", async () => {
    const { file, places, opened } = await makeAgent();
    const service = await ServedProgram.start(["--config", file], places);
    for (const [allow, text] of [
      [true, "It is open."],
      [false, "No: The tool open_vent was not allowed to run."],
    ] as const) {
      const reply = await service.stream("open 5", asking);
      await reply.until(() => reply.extensions.some(({ type }) => type === "permission"));
      const question = reply.extensions.find(({ type }) => type === "permission") as unknown as {
        id: string;
        request: { tool: string; arguments: unknown };
      };
      expect(question.request).toMatchObject({ tool: "open_vent", arguments: { size: 5 } });
      const waiting = (await (await service.get("/permissions")).json()) as { questions: { id: string }[] };
      expect(waiting.questions.map(({ id }) => id)).toEqual([question.id]);
      expect((await service.post(`/permissions/${question.id}`, { allow })).status).toBe(200);
      await reply.ended;
      expect(reply.text).toBe(text);
      expect((await service.post(`/permissions/${question.id}`, { allow: true })).status).toBe(404);
    }
    expect(await opened()).toBe("5\n");
    // The question is denied at once if nobody can answer it.
    expect(await service.say("open 7")).toBe("No: The tool open_vent was not allowed to run.");
    expect(await opened()).toBe("5\n");
    expect(await service.end()).toBe(143);
  });

  test("a client that leaves instead of answering means no", async () => {
    const { file, places, opened } = await makeAgent();
    const service = await ServedProgram.start(["--config", file], places);
    const leaving = new AbortController();
    const response = await fetch(`${service.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", ...asking },
      body: JSON.stringify({ ...chat("open 5"), stream: true }),
      signal: leaving.signal,
    });
    const reply = new StreamedReply(response);
    await reply.until(() => reply.extensions.some(({ type }) => type === "permission"));
    leaving.abort();
    await service.logged("turn-end");
    expect(await opened()).toBe("");
    expect(await service.end()).toBe(143);
  });
});

describe.skipIf(!hasTmux)("at the terminal", () => {
  let terminal: TmuxTerminal | null = null;
  afterEach(() => {
    terminal?.close();
    terminal = null;
  });

  /** Starts a service at a terminal, with its log in a file. Returns its address. */
  async function startAtTerminal(file: string, environment: Record<string, string>, args: readonly string[] = []) {
    terminal = new TmuxTerminal(["serve", "--config", file, "--port", "0", ...args], {
      columns: 110,
      rows: 40,
      environment,
    });
    const screen = await terminal.see(/Listening on http:\S+/);
    const [, url = ""] = /Listening on (\S+)/.exec(screen) ?? [];
    const say = async (content: string): Promise<string> => {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(chat(content)),
      });
      const reply = (await response.json()) as { choices: { message: { content: string } }[] };
      return reply.choices[0]?.message.content ?? "";
    };
    return { terminal, url, say };
  }

  test("a person is asked, one question after the other, and yes runs the tool", async () => {
    const { file, places, opened } = await makeAgent();
    const { terminal, say } = await startAtTerminal(file, places);
    const first = say("open 5");
    await terminal.see(/size = 5[\s\S]*Run it\? y = yes \[y\/N\]/);
    const second = say("open 6");
    terminal.type("y");
    terminal.press("Enter");
    expect(await first).toBe("It is open.");
    await terminal.see(/size = 6[\s\S]*Run it\?/);
    terminal.press("Enter");
    expect(await second).toBe("No: The tool open_vent was not allowed to run.");
    expect(await opened()).toBe("5\n");
    // The log comes after the questions, not between them.
    await terminal.see(/"event":"turn-end"[\s\S]*"event":"turn-end"/);
    terminal.press("C-c");
    await terminal.see("exit code 130");
  });

  test("what was typed before a question does not answer it", async () => {
    const { file, places, opened } = await makeAgent();
    const { terminal, say } = await startAtTerminal(file, places);
    terminal.type("y");
    terminal.press("Enter");
    terminal.type("y");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const reply = say("open 5");
    await terminal.see("Run it?");
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await opened()).toBe("");
    terminal.press("Enter");
    expect(await reply).toBe("No: The tool open_vent was not allowed to run.");
    terminal.press("C-c");
    await terminal.see("exit code 130");
  });

  test("a question that a client answers goes away", async () => {
    const { file, places } = await makeAgent();
    const { terminal, url, say } = await startAtTerminal(file, places);
    const reply = say("open 5");
    await terminal.see("Run it?");
    const { questions } = (await (await fetch(`${url}/permissions`)).json()) as { questions: { id: string }[] };
    await fetch(`${url}/permissions/${questions[0]?.id}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"allow": true}',
    });
    expect(await reply).toBe("It is open.");
    await terminal.see("The question about open_vent is over.");
    terminal.press("C-c");
    await terminal.see("exit code 130");
  });

  test("Ctrl-C at a question means no, and then ends the service", async () => {
    const { file, places, opened } = await makeAgent();
    const { terminal, say } = await startAtTerminal(file, places);
    const reply = say("open 5");
    await terminal.see("Run it?");
    terminal.press("C-c");
    expect(await reply).toBe("No: The tool open_vent was not allowed to run.");
    expect(await opened()).toBe("");
    await terminal.see('"event":"turn-end"');
    terminal.press("C-c");
    await terminal.see("exit code 130");
  });

  test("closing the terminal ends the service", async () => {
    const { file, places } = await makeAgent();
    const { terminal, url } = await startAtTerminal(file, places);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    terminal.close();
    const end = Date.now() + 15_000;
    const isThere = () =>
      fetch(`${url}/health`).then(
        () => true,
        () => false,
      );
    while ((await isThere()) && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await isThere()).toBe(false);
  });

  test("in the background nobody is asked, and the service goes on", async () => {
    const { folder, file, places, opened } = await makeAgent();
    const script = path.join(folder, "start.sh");
    await writeFile(script, 'set -m\n"$@" &\nwait\n');
    terminal = new TmuxTerminal(["serve", "--config", file, "--port", "0"], {
      columns: 110,
      environment: places,
      starter: ["bash", script],
    });
    const screen = await terminal.see(/Listening on http:\S+/);
    const [, url = ""] = /Listening on (\S+)/.exec(screen) ?? [];
    for (const size of [5, 6]) {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(chat(`open ${size}`)),
      });
      expect(await response.text()).toContain("No: The tool open_vent was not allowed to run.");
    }
    expect(await opened()).toBe("");
    expect(terminal.screen).not.toContain("Run it?");
    // It is not ended with its terminal.
    const { services } = JSON.parse((await runProgram(["status", "--json"], "", places)).stdout);
    // Services of others on this machine are found, too.
    process.kill(services.find((service: { url: string }) => service.url === url).pid);
    await terminal.see("exit code");
  });
});
