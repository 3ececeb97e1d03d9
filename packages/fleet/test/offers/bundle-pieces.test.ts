import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Broker } from "@nanoagent/server/mqtt";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { MemoryBroker } from "../../../server/test/mqtt/memory-broker.js";
import { hasMosquitto, Mosquitto } from "../../../server/test/mqtt/mosquitto.js";
import { openForTest, patience } from "../../../server/test/mqtt/opened-broker.js";
import { FleetError } from "../../src/fleet-error.js";
import { PIECE_BYTES } from "../../src/offers/bundle-offer.js";
import { publishPieces, removePieces } from "../../src/offers/bundle-pieces.js";
import { fetchBundle } from "../../src/offers/fetch-bundle.js";
import { pieceTopic } from "../../src/piece-topic.js";
import { temporaryFolder } from "../bundle/bundle-parts.js";
import { files, key, signedBundle, type TestBundle } from "./offer-parts.js";
import { bundleFetchingClient, FetchingClient } from "./start-fetching-client.js";

const prefix = "garden/agents";
const signal = new AbortController().signal;
const times = { piece: 400, wrongPause: 20 };
const bundle = signedBundle({ files: files(20, 50_000) });
const pieces = Math.ceil(bundle.bytes.length / PIECE_BYTES);
const programs = mkdtempSync(path.join(tmpdir(), "nanoagent-offers-"));
let program = "";

beforeAll(async () => {
  if (hasMosquitto) program = await bundleFetchingClient(programs);
});
afterAll(() => rmSync(programs, { recursive: true, force: true }));

function fileOf({ bytes }: TestBundle): string {
  const file = path.join(temporaryFolder(), "garden.bundle");
  writeFileSync(file, bytes);
  return file;
}

async function connect(url: string, id: string, protocol: "3.1.1" | "5" = "5") {
  const { broker, notices } = await openForTest({ url, client_id: id, protocol }, { keepsSession: false });
  broker.ready();
  await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
  return { broker, notices };
}

function publish(broker: Broker, published = bundle, onProgress?: (share: number) => void): Promise<void> {
  return publishPieces({ broker, prefix, file: fileOf(published), head: published.head, signal, onProgress });
}

function fetchPieces(broker: Broker, { fetched = bundle, folder = temporaryFolder(), more = {} } = {}) {
  const parts = { offer: fetched.offer, broker, prefix, folder, keys: [key.publicPem], signal };
  return fetchBundle({ ...parts, times, ...more });
}

async function failureOf(fetching: Promise<string>): Promise<FleetError> {
  const error = await fetching.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (FleetError.isInstance(error)) return error as FleetError;
  throw error ?? new Error("It was fetched");
}

function pieceOf(index: number, bytes: Uint8Array = bundle.bytes): Uint8Array {
  return bytes.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES);
}

function topicOf(index: number): string {
  return pieceTopic(prefix, bundle.head.manifestSha256, index);
}

describe("pieces of a bundle", () => {
  test("that change before they are published are an error", async () => {
    const broker = new MemoryBroker();
    broker.connect();
    const file = fileOf(bundle);
    writeFileSync(file, bundle.bytes.subarray(0, 1000));
    const published = publishPieces({ broker, prefix, file, head: bundle.head, signal });
    await expect(published).rejects.toMatchObject({
      code: "bundle-unreadable",
      reason: expect.stringContaining("shorter"),
    });
    const missing = publishPieces({ broker, prefix, file: `${file}.not`, head: bundle.head, signal });
    await expect(missing).rejects.toMatchObject({ code: "bundle-unreadable" });
  });

  test("that the broker refuses end the publication", async () => {
    const broker = new MemoryBroker();
    broker.connect();
    broker.refused.add(topicOf(2));
    await expect(publish(broker)).rejects.toMatchObject({ code: "broker-refused" });
  });

  test("do not come from a broker that is not connected", async () => {
    const error = await failureOf(fetchPieces(new MemoryBroker()));
    expect(error.code).toBe("bundle-unreadable");
    expect(error.reason).toContain("The broker is not connected.");
  });
});

describe.skipIf(!hasMosquitto)("pieces at Mosquitto (needs mosquitto and mosquitto-clients)", () => {
  test.each(["3.1.1", "5"] as const)("come one after the other with version %s", async (protocol) => {
    await using mosquitto = await Mosquitto.start();
    const { broker: operator } = await connect(mosquitto.url, "operator", protocol);
    const published: number[] = [];
    await publish(operator, bundle, (share) => published.push(share));
    expect(published).toHaveLength(pieces);
    expect(published.at(-1)).toBe(1);
    const { broker: device, notices } = await connect(mosquitto.url, "device", protocol);
    const shares: number[] = [];
    const file = await fetchPieces(device, { more: { onProgress: (share: number) => shares.push(share) } });
    expect(readFileSync(file).equals(bundle.bytes)).toBe(true);
    expect(shares).toEqual([
      0,
      ...Array.from({ length: pieces - 1 }, (_, n) => ((n + 1) * PIECE_BYTES) / bundle.bytes.length),
      1,
    ]);
    expect(notices.filter(({ level }) => level === "warning")).toEqual([]);
  });

  test("are removed, also in part", async () => {
    await using mosquitto = await Mosquitto.start();
    const { broker } = await connect(mosquitto.url, "operator");
    await publish(broker);
    await removePieces({ broker, prefix, manifestSha256: bundle.head.manifestSha256, pieces, signal });
    const kept: string[] = [];
    const { broker: other } = await connect(mosquitto.url, "other");
    other.subscribe("#", async ({ topic }) => void kept.push(topic));
    await other.publish("mark", "here", { retain: true });
    await vi.waitFor(() => expect(kept).toEqual(["mark"]), patience);
  });

  test("that are missing are named, and the download goes on when they are there", async () => {
    await using mosquitto = await Mosquitto.start();
    const { broker: operator } = await connect(mosquitto.url, "operator");
    await publish(operator);
    await operator.publish(topicOf(4), "", { retain: true });
    const { broker: device } = await connect(mosquitto.url, "device");
    const folder = temporaryFolder();
    const error = await failureOf(fetchPieces(device, { folder }));
    expect([error.code, error.reason]).toEqual(["bundle-unreadable", `Piece 5 of ${pieces} did not come.`]);
    const fetching = fetchPieces(device, { folder, more: { times: { piece: 20_000 } } });
    await operator.publish(topicOf(4), pieceOf(4), { retain: true });
    expect(readFileSync(await fetching).equals(bundle.bytes)).toBe(true);
  });

  test.each<[string, Uint8Array, RegExp]>([
    ["too short", pieceOf(3).subarray(1), /Piece 4 of \d+ has 122879 bytes instead of 122880/],
    ["too large", new Uint8Array(PIECE_BYTES + 1), /has 122881 bytes/],
    ["far too large", new Uint8Array(300_000), /did not come/],
    ["wrong", new Uint8Array(PIECE_BYTES), /not those of the bundle/],
    ["repeated", pieceOf(2), /not those of the bundle/],
  ])("that are %s are not taken, and the right ones are then", async (_, payload, reason) => {
    await using mosquitto = await Mosquitto.start();
    const { broker: operator } = await connect(mosquitto.url, "operator");
    await publish(operator);
    if (payload.length < 250_000) await operator.publish(topicOf(3), payload, { retain: true });
    else await mosquitto.publish(topicOf(3), ["x".repeat(payload.length)], ["-r"]);
    const { broker: device } = await connect(mosquitto.url, "device");
    const folder = temporaryFolder();
    const error = await failureOf(fetchPieces(device, { folder }));
    expect(error.code).toBe("bundle-unreadable");
    expect(error.reason).toMatch(reason);
    await operator.publish(topicOf(3), pieceOf(3), { retain: true });
    expect(readFileSync(await fetchPieces(device, { folder })).equals(bundle.bytes)).toBe(true);
  });

  test("that are all zeros are not taken, and the right ones are then", async () => {
    await using mosquitto = await Mosquitto.start();
    const { broker: operator } = await connect(mosquitto.url, "operator");
    for (let index = 0; index < pieces; index++) {
      await operator.publish(topicOf(index), new Uint8Array(pieceOf(index).length), { retain: true });
    }
    const { broker: device } = await connect(mosquitto.url, "device");
    const folder = temporaryFolder();
    expect((await failureOf(fetchPieces(device, { folder }))).reason).toMatch(
      /not those of the bundle, up to piece 1\./,
    );
    await publish(operator);
    expect(readFileSync(await fetchPieces(device, { folder })).equals(bundle.bytes)).toBe(true);
  });

  test("may come through a broker that restarts", async () => {
    await using mosquitto = await Mosquitto.start();
    const { broker: operator } = await connect(mosquitto.url, "operator");
    await publish(operator);
    const { broker: device } = await connect(mosquitto.url, "device");
    let ended: Promise<void> | null = null;
    const onProgress = (share: number) => {
      if (share > 0.3) ended ??= mosquitto.end("SIGTERM").then(() => mosquitto.startAgain());
    };
    const file = await fetchPieces(device, { more: { onProgress, times: { piece: 20_000 } } });
    await ended;
    expect(readFileSync(file).equals(bundle.bytes)).toBe(true);
  });

  test("stop coming when the signal aborts", async () => {
    await using mosquitto = await Mosquitto.start();
    const { broker } = await connect(mosquitto.url, "device");
    const stop = new AbortController();
    const fetching = fetchPieces(broker, { more: { signal: stop.signal, times: { piece: 20_000 } } });
    setTimeout(() => stop.abort(new Error("withdrawn")), 100);
    await expect(fetching).rejects.toThrow("withdrawn");
    expect(broker.isSubscribedTo(topicOf(0))).toBe(false);
  });

  test("of thousands are all taken by the broker, and come to the device", async () => {
    // 2000 messages are more than the 1000 that Mosquitto keeps for a client.
    await using mosquitto = await Mosquitto.start(["persistence false"]);
    const { broker: operator } = await connect(mosquitto.url, "operator");
    const text = "0123456789abcdef".repeat(64).repeat(1024);
    const large = signedBundle({
      files: [{ path: "agent.yaml", text: "x\n" }, ...Array.from({ length: 40 }, (_, n) => ({ path: `${n}`, text }))],
    });
    await publish(operator, large);
    const { broker: device } = await connect(mosquitto.url, "device");
    const file = await fetchPieces(device, { fetched: large, more: { times: { piece: 20_000 } } });
    expect(readFileSync(file).equals(large.bytes)).toBe(true);
  });

  test("are fetched by a process that is killed again and again", async () => {
    await using mosquitto = await Mosquitto.start();
    const { broker: operator } = await connect(mosquitto.url, "operator");
    await publish(operator);
    const folder = temporaryFolder();
    const [offerFile, keyFile] = [path.join(folder, "offer.json"), path.join(folder, "key.pub")];
    writeFileSync(offerFile, JSON.stringify(bundle.offer));
    writeFileSync(keyFile, key.publicPem);
    const args = [offerFile, keyFile, path.join(folder, "downloads"), mosquitto.url, prefix];
    let kept = 0;
    for (const share of [0.01, 0.3, 0.6]) {
      // Nothing after the piece is there, so the process waits for the kill.
      const stopPiece = Math.ceil(share * pieces) + 1;
      await operator.publish(topicOf(stopPiece), "", { retain: true });
      const client = new FetchingClient(program, args);
      await vi.waitFor(
        () => expect(client.share).toBeGreaterThanOrEqual((stopPiece * PIECE_BYTES) / bundle.bytes.length),
        patience,
      );
      await client.kill();
      expect(client.firstShare).toBeGreaterThanOrEqual(kept);
      kept = client.share;
      await operator.publish(topicOf(stopPiece), pieceOf(stopPiece), { retain: true });
    }
    const last = new FetchingClient(program, args);
    expect(await last.ended()).toBe(0);
    expect(last.firstShare).toBe(kept);
    const file = /^file (.*)$/m.exec(last.output)?.[1] ?? "";
    expect(readFileSync(file).equals(bundle.bytes)).toBe(true);
  });
});
