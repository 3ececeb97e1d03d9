import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { createBundle, makeKeyPair, openReleases, readTrustedKeys, signBundle } from "@nanoagent/fleet/bundles";
import { type BrokerConnection, openBroker } from "@nanoagent/server/mqtt";
import { onTestFinished, vi } from "vitest";
import { readHead } from "../../../fleet/src/bundle/read-head.js";
import { publishPieces } from "../../../fleet/src/offers/bundle-pieces.js";
import { makeOffer } from "../../../fleet/src/offers/make-offer.js";
import { Mosquitto } from "../../../server/test/mqtt/mosquitto.js";
import { makeFolder, placesIn, ServedProgram } from "./served-program.js";

const pair = makeKeyPair();
const prefix = "nanoagent";
const id = "kiosk";

export interface Contents {
  readonly name?: string;
  readonly mqtt?: string;
  readonly fleet?: string;
  /** Further lines of the config. */
  readonly rest?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly configName?: string;
}

/** A message about an update. */
export interface Told {
  readonly sequence: number;
  readonly state: string;
  readonly reason: string | null;
}

/** A service that runs from a folder of releases, its broker, and its fleet. */
export class UpdatedService {
  readonly folder = makeFolder();
  readonly root = path.join(this.folder, "root");
  readonly broker: Mosquitto;
  readonly connection: BrokerConnection;
  readonly told: Told[] = [];
  service: ServedProgram | null = null;

  private constructor(broker: Mosquitto, connection: BrokerConnection) {
    this.broker = broker;
    this.connection = connection;
    connection.subscribe(`${prefix}/${id}/update`, async ({ payload }) => {
      this.told.push(JSON.parse(new TextDecoder().decode(payload)));
    });
    connection.ready();
  }

  /** Starts the broker, and applies the first release, whose agent has the name `shed`. */
  static async make(contents: Contents = {}): Promise<UpdatedService> {
    const broker = await Mosquitto.start();
    onTestFinished(() => broker[Symbol.asyncDispose]());
    const settings = { url: broker.url, client_id: "operator" };
    const connection = await openBroker(settings, { environment: {}, onNotice: () => {} });
    onTestFinished(() => connection.close());
    const made = new UpdatedService(broker, connection);
    const file = await made.bundle(1, contents);
    const releases = await openReleases(made.root, { create: true });
    const host = { version: "0.1.0", models: null, check: async () => [], prove: async () => null };
    await releases.apply({ file, keys: readTrustedKeys([pair.publicLine]) }, host);
    await releases.close();
    return made;
  }

  get config(): string {
    return path.join(this.root, "current", "agent.yaml");
  }

  get environment(): Record<string, string> {
    return placesIn(this.folder);
  }

  get trust(): string {
    return path.join(this.folder, "key.pub");
  }

  async start(): Promise<ServedProgram> {
    await writeFile(this.trust, pair.publicPem);
    this.service = await ServedProgram.start(["--config", this.config], this.environment);
    return this.service;
  }

  /** Writes a signed bundle, and returns its file. */
  async bundle(sequence: number, contents: Contents = {}): Promise<string> {
    const {
      name = sequence === 1 ? "shed" : `shed${sequence}`,
      rest = "",
      files = {},
      configName = "agent.yaml",
    } = contents;
    const mqtt = contents.mqtt ?? `mqtt: { url: "${this.broker.url}", home_assistant: false }`;
    const fleet = contents.fleet ?? `fleet: { id: ${id}, trust: ["${pair.publicLine}"] }`;
    const text = `spec: { name: ${name}, max_memory_mb: 200 }\n${mqtt}\n${fleet}\nsession: { dir: ../session }\n${rest}\n`;
    const source = path.join(this.folder, `source-${sequence}-${Math.random()}`);
    for (const [file, content] of Object.entries({ [configName]: text, ...files })) {
      await mkdir(path.dirname(path.join(source, file)), { recursive: true });
      await writeFile(path.join(source, file), content);
    }
    const out = `${source}.bundle`;
    await createBundle({ folder: source, out, name: "kiosk", version: `1.${sequence}.0`, sequence });
    await signBundle(out, pair.privatePem);
    return out;
  }

  /** Offers a bundle in pieces. */
  async offer(file: string): Promise<void> {
    const handle = await open(file, "r");
    const head = await readHead(handle);
    await handle.close();
    const signal = new AbortController().signal;
    await publishPieces({ broker: this.connection, prefix, file, head, signal });
    const offer = JSON.stringify(makeOffer(head));
    await this.connection.publish(`${prefix}/${id}/offer`, offer, { retain: true });
  }

  /** Waits for a state of a bundle. */
  async until(sequence: number, state: string, timeout = 60_000): Promise<Told> {
    return vi.waitFor(
      () => {
        const found = this.told.find((told) => told.sequence === sequence && told.state === state);
        if (found === undefined) throw new Error(`${JSON.stringify(this.told)}\n${this.service?.stderr.slice(-3000)}`);
        return found;
      },
      { timeout, interval: 20 },
    );
  }

  async modelOf(): Promise<string | undefined> {
    if (this.service === null) throw new Error("not started");
    const response = await this.service.get("/v1/models");
    const { data } = (await response.json()) as { data: { id: string }[] };
    return data[0]?.id;
  }

  /** Sequence of the release that `current` leads to, after comparing its record. */
  async current(): Promise<number> {
    const text = await readFile(path.join(this.root, "current", "agent.yaml"), "utf8");
    return Number(/name: shed(\d*)/.exec(text)?.[1] || 1);
  }
}
