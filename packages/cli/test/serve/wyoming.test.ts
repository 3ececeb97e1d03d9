import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { runProgram } from "../run-program.js";
import { makeFolder, placesIn, ServedProgram } from "./served-program.js";

async function makeHouse(wyoming: string) {
  const folder = makeFolder();
  const config = path.join(folder, "agent.yaml");
  const intents = "definitions: [{ name: lamp, sentences: [turn on the lamp], answer: The lamp is on. }]";
  await writeFile(config, `spec: { name: house }\nintents: { ${intents} }\nserve: { wyoming: ${wyoming} }\n`);
  return { config, places: placesIn(folder) };
}

/** Sends one event, and returns the bytes until the peer's data block is complete. */
async function ask(port: number, event: object): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(`${JSON.stringify(event)}\n`);
  let text = "";
  for await (const bytes of socket) {
    text += bytes;
    if (text.endsWith("}")) break;
  }
  return text;
}

describe("voice assistants", () => {
  test("reach the address in the line of the start, and running connections end with the service", async () => {
    const { config, places } = await makeHouse("{ port: 0 }");
    const service = await ServedProgram.start(["--config", config], places);
    const { wyoming } = service.ready as unknown as { wyoming: { url: string; port: number } };
    expect(wyoming).toEqual({ url: `tcp://127.0.0.1:${wyoming.port}`, port: expect.any(Number) });
    const status = await runProgram(["status"], "", places);
    expect(status.stdout).toContain(`Voice at:      ${wyoming.url}\n`);
    const { stdout } = await runProgram(["status", "--json"], "", places);
    expect(JSON.parse(stdout).services[0].wyoming).toEqual(wyoming);
    expect(await ask(wyoming.port, { type: "describe" })).toContain('"name":"house"');
    const transcript = { type: "transcript", data: { text: "turn on the lamp", context: { conversation_id: "01J" } } };
    expect(await ask(wyoming.port, transcript)).toContain(
      '{"text":"The lamp is on.","context":{"conversation_id":"01J"}}',
    );
    const line = await service.logged("turn-end");
    expect(line).toMatchObject({ conversation: "wyoming-01J", target: "agent", outcome: "answered" });
    const idle = connect(wyoming.port, "127.0.0.1").resume();
    await once(idle, "connect");
    const ended = once(idle, "close");
    expect(await service.end()).toBe(143);
    await ended;
  });

  test("have a line of their own without --json", async () => {
    const { config, places } = await makeHouse("{ port: 0 }");
    const service = await ServedProgram.start(["--config", config], places, { json: false });
    expect(service.stdout).toMatch(
      /^Listening on http:\/\/127\.0\.0\.1:\d+\nListening on tcp:\/\/127\.0\.0\.1:\d+ for voice assistants\n$/,
    );
    await service.end();
  });

  test("a port in use ends the start, and names its setting", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const { config, places } = await makeHouse(`{ port: ${port} }`);
    const { exitCode, stderr, stdout } = await runProgram(["serve", "--config", config, "--port", "0"], "", places);
    expect(stderr).toContain("serve.wyoming.port");
    expect(stdout).toBe("");
    expect(exitCode).toBe(1);
    other.close();
  });

  test("a client that is not an address is an error of the config, with its position", async () => {
    const { config, places } = await makeHouse("{ port: 0, allow_clients: [home.local] }");
    const { exitCode, stderr } = await runProgram(["serve", "--config", config, "--port", "0"], "", places);
    expect(stderr).toMatch(/3:\d+: serve\.wyoming\.allow_clients\.0: "home\.local" is not an address or a network\./);
    expect(exitCode).toBe(2);
  });
});
