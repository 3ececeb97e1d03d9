import { mkdir, writeFile } from "node:fs/promises";
import { hostname, networkInterfaces, userInfo } from "node:os";
import path from "node:path";
import { parseCard } from "@nanoagent/fleet";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { findLlamaAddon } from "@nanoagent/runtime/engines/llama";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { hasMosquitto, Mosquitto } from "../../../server/test/mqtt/mosquitto.js";
import { listenTo } from "../../../server/test/mqtt/mosquitto-listener.js";
import { runProgram } from "../run-program.js";
import { startSlowServer } from "../slow-server.js";
import { makeFolder, placesIn, ServedProgram } from "./served-program.js";

const patience = { timeout: 20_000 };
const hasEngine = process.platform === "linux" && (await findLlamaAddon().catch(() => null)) !== null;
/** Keep-alive of the tests, in milliseconds. */
const KEEP_ALIVE_MILLISECONDS = 10_000;

async function startBroker(): Promise<Mosquitto> {
  const mosquitto = await Mosquitto.start();
  onTestFinished(() => mosquitto[Symbol.asyncDispose]());
  return mosquitto;
}

/** Serves a config with `fleet`, with the real program. */
async function serve(mosquitto: Mosquitto, lines: readonly string[] = [], environment: Record<string, string> = {}) {
  const folder = makeFolder();
  const config = path.join(folder, "agent.yaml");
  const write = (more: readonly string[]) =>
    writeFile(
      config,
      [
        "spec: { name: kiosk, max_memory_mb: 200 }",
        `mqtt: { url: "${mosquitto.url}", keepalive_seconds: ${KEEP_ALIVE_MILLISECONDS / 1000} }`,
        "fleet: { id: kiosk-1, site: berlin }",
        ...more,
        "",
      ].join("\n"),
    );
  await write(lines);
  const service = await ServedProgram.start(["--config", config], { ...placesIn(folder), ...environment });
  return { service, folder, write };
}

interface Card {
  at: string;
  config_sha256: string;
  device: { details: object };
  [key: string]: unknown;
}

function listen(mosquitto: Mosquitto, filter = "nanoagent/#") {
  const listener = listenTo(mosquitto, filter);
  onTestFinished(() => listener[Symbol.dispose]());
  const last = (name: string) =>
    listener.messages.findLast(({ topic }) => topic === `nanoagent/kiosk-1/${name}`)?.text ?? "";
  return { listener, status: () => last("status"), card: (): Card => JSON.parse(last("card") || "{}") };
}

describe.skipIf(!hasMosquitto || process.platform === "win32")("nanoagent serve in a fleet, at a Mosquitto", () => {
  test("describes its device, its config and its health", async () => {
    const mosquitto = await startBroker();
    await serve(mosquitto);
    const { card, status } = listen(mosquitto);
    await vi.waitFor(() => expect(card()).toMatchObject({ id: "kiosk-1", site: "berlin" }), patience);
    await vi.waitFor(() => expect(status()).toBe("online"), patience);
    expect(card()).toMatchObject({
      format: 1,
      versions: { node: process.versions.node },
      agent: { name: "kiosk", max_memory_mb: 200 },
      device: { details: { memory: {}, cpu: {}, system: {} } },
      config_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      model: null,
      bundle: null,
      health: { status: "ok", reasons: [] },
    });
  });

  test("is offline soon after its death", async () => {
    const mosquitto = await startBroker();
    const { service } = await serve(mosquitto);
    const { status } = listen(mosquitto);
    await vi.waitFor(() => expect(status()).toBe("online"), patience);
    process.kill(service.pid, "SIGKILL");
    const killedAt = Date.now();
    await vi.waitFor(() => expect(status()).toBe("offline"), patience);
    // The closed connection tells it, and not the keep-alive.
    expect(Date.now() - killedAt).toBeLessThan(KEEP_ALIVE_MILLISECONDS);
  });

  test("is offline after 1.5 keep-alives at most, while it does not run, and comes back with its card", async () => {
    const mosquitto = await startBroker();
    const { service } = await serve(mosquitto);
    const { listener, status, card } = listen(mosquitto);
    await vi.waitFor(() => expect(card().id).toBe("kiosk-1"), patience);
    await vi.waitFor(() => expect(status()).toBe("online"), patience);
    // As with a line that breaks in silence, the broker has only the keep-alive.
    process.kill(service.pid, "SIGSTOP");
    const stoppedAt = Date.now();
    await vi.waitFor(() => expect(status()).toBe("offline"), patience);
    // A busy machine may be late.
    expect(Date.now() - stoppedAt).toBeLessThan(1.5 * KEEP_ALIVE_MILLISECONDS + 3000);
    process.kill(service.pid, "SIGCONT");
    await vi.waitFor(() => expect(status()).toBe("online"), patience);
    const cards = () => listener.messages.filter(({ topic }) => topic.endsWith("/card")).map(({ text }) => text);
    await vi.waitFor(() => expect(cards()).toHaveLength(2), patience);
    expect(cards()[1]).toBe(cards()[0]);
  });

  test("is there again after the broker was killed", async () => {
    const mosquitto = await startBroker();
    await serve(mosquitto);
    const before = listen(mosquitto);
    await vi.waitFor(() => expect(before.card().id).toBe("kiosk-1"), patience);
    await mosquitto.end("SIGKILL");
    await mosquitto.startAgain();
    const after = listen(mosquitto);
    await vi.waitFor(() => expect(after.status()).toBe("online"), patience);
    await vi.waitFor(() => expect(after.card()).toEqual(before.card()), patience);
  });

  test("has another card after its config was read again", async () => {
    const mosquitto = await startBroker();
    const { service, write } = await serve(mosquitto);
    const { card } = listen(mosquitto);
    await vi.waitFor(() => expect(card().id).toBe("kiosk-1"), patience);
    const before = card();
    await write(["intents: { definitions: [{ name: hello, sentences: { de: [hallo] }, answer: Hallo }] }"]);
    service.child.kill("SIGHUP");
    await vi.waitFor(() => expect(card()).toMatchObject({ agent: { languages: ["de"] } }), patience);
    expect(card().config_sha256).not.toBe(before.config_sha256);
    expect(card().at > before.at).toBe(true);
  });

  test.skipIf(!hasEngine)("has the plan of a local model, without its folder", async () => {
    const mosquitto = await startBroker();
    const folder = makeFolder();
    await writeFile(path.join(folder, "tiny.gguf"), buildTinyGguf());
    await serve(mosquitto, [`model_path: ${folder}/tiny.gguf`]);
    const { card } = listen(mosquitto);
    const plan = { model_path: "tiny.gguf", context_tokens: expect.any(Number), ledger: {} };
    await vi.waitFor(
      () => expect(card()).toMatchObject({ model: { engine: "llama", name: "tiny.gguf", plan } }),
      patience,
    );
    expect(JSON.stringify(card())).not.toContain(folder);
    const bytes = new TextEncoder().encode(JSON.stringify(card()));
    expect(parseCard(bytes, "kiosk-1")).toEqual(card());
  });

  test("names the bundle that it runs from", async () => {
    const mosquitto = await startBroker();
    const folder = makeFolder();
    const at = (name: string) => path.join(folder, name);
    await mkdir(at("source"));
    await writeFile(
      at("source/agent.yaml"),
      `spec: { name: kiosk }\nmqtt: { url: "${mosquitto.url}" }\nfleet: { id: kiosk-1 }\n`,
    );
    for (const args of [
      ["create", at("source"), "--out", at("kiosk.bundle"), "--name", "kiosk", "--version", "1.4", "--sequence", "3"],
      ["new-key", at("key.pem")],
      ["sign", at("kiosk.bundle"), "--key", at("key.pem")],
      ["apply", at("kiosk.bundle"), "--root", at("root"), "--trust", at("key.pem.pub")],
    ]) {
      const { exitCode, stderr } = await runProgram(["bundle", ...args], "", placesIn(folder));
      expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
    }
    await ServedProgram.start(["--config", at("root/current/agent.yaml")], placesIn(folder));
    const { card } = listen(mosquitto);
    await vi.waitFor(() => expect(card().bundle).toEqual({ name: "kiosk", version: "1.4", sequence: 3 }), patience);
  });

  test("tells the broker no secrets, names, addresses and paths", async () => {
    const mosquitto = await startBroker();
    const server = await startSlowServer("yes");
    const { service, folder } = await serve(
      mosquitto,
      [
        `engine: { type: openai-compatible, url: "${server.url}", model: slow-model, api_key_env: SECRET_OF_THE_MODEL }`,
        "instructions: confidential-instructions",
        "session: { dir: ./confidential-session }",
        "tools:",
        "  - name: door",
        "    description: Opens the door.",
        "    command: [/bin/echo, confidential-argument]",
        "    environment: { TOKEN: confidential-token }",
        "triggers:",
        "  - name: bell",
        "    when: { http: { secret_env: SECRET_OF_THE_BELL } }",
        "    do: { tool: door }",
        // It cannot be started, and the problem names its command.
        "mcp_servers: { notes: { command: [confidential-program, confidential-argument] } }",
      ],
      { SECRET_OF_THE_MODEL: "confidential-key", SECRET_OF_THE_BELL: "confidential-bell-secret" },
    );
    const { listener, card, status } = listen(mosquitto, "#");
    await vi.waitFor(() => expect(card()).toMatchObject({ model: { name: "slow-model" } }), patience);
    await vi.waitFor(() => expect(status()).toBe("online"), patience);
    const all = listener.messages.map(({ topic, text }) => `${topic} ${text}`).join("\n");
    expect(all).toContain("nanoagent/kiosk-1/card");
    const addresses = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .flatMap(({ address, mac }) => [address, mac])
      .filter((address) => address !== "::1" && address !== "00:00:00:00:00:00");
    const { homedir } = userInfo();
    const guarded = [
      "confidential",
      "SECRET_OF",
      ...addresses,
      "127.0.0.1",
      folder,
      ...(homedir.length > 1 ? [homedir] : []),
      process.cwd(),
      `:${new URL(service.url).port}`,
    ];
    for (const word of guarded) expect(all).not.toContain(word);
    // A short name may be a part of other words.
    expect(all.split(/[^\w.-]+/)).not.toContain(hostname());
    // No text begins with a path, or has one in it.
    expect(JSON.stringify(card())).not.toMatch(/[" ]\/[a-z]/);
  });
});
