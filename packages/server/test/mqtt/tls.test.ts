import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { freePort, hasMosquitto, Mosquitto } from "./mosquitto.js";
import { openForTest, patience } from "./opened-broker.js";

const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-mqtt-tls-"));
const environment = {};

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
}

/** Makes an authority, or a certificate that `by` signs for this name. */
function makeCertificate(name: string, by?: string): void {
  const subject = ["-subj", `/CN=${name}`, "-keyout", `${name}-key.pem`, "-newkey", "rsa:2048", "-nodes"];
  if (by === undefined) {
    openssl("req", "-x509", ...subject, "-days", "30", "-out", `${name}.pem`);
    return;
  }
  writeFileSync(path.join(folder, "names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  openssl("req", ...subject, "-out", `${name}.csr`);
  const signed = ["-CA", `${by}.pem`, "-CAkey", `${by}-key.pem`, "-CAcreateserial", "-days", "30", "-extfile", "names"];
  openssl("x509", "-req", "-in", `${name}.csr`, ...signed, "-out", `${name}.pem`);
}

beforeAll(() => {
  if (!hasMosquitto) return;
  for (const name of ["authority", "stranger"]) makeCertificate(name);
  makeCertificate("broker", "authority");
  makeCertificate("client", "authority");
  makeCertificate("unknown", "stranger");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A broker with TLS. `lines`: further lines of its config. */
function startSecure(lines: readonly string[] = []): Promise<Mosquitto> {
  const files = ["cafile authority.pem", "certfile broker.pem", "keyfile broker-key.pem"];
  const placed = files.map((line) => line.replace(" ", ` ${folder}/`));
  return Mosquitto.start(["listener PORT 127.0.0.1", ...placed, ...lines]);
}

const clientFiles = { certificate_path: "client.pem", key_path: "client-key.pem" };
const strangerFiles = { certificate_path: "unknown.pem", key_path: "unknown-key.pem" };

describe.skipIf(!hasMosquitto)("TLS (needs mosquitto)", () => {
  test("with an authority of the config", async () => {
    await using mosquitto = await startSecure();
    const url = `mqtts://localhost:${mosquitto.port}`;
    const { broker } = await openForTest(
      { url, tls: { ca_path: "authority.pem" } },
      { configFolder: folder, environment },
    );
    broker.ready();
    await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
    await broker.publish("a", "x");
  });

  test.each([
    ["no authority", {}, "has a certificate that is not trusted here; set mqtt.tls.ca_path to its authority's"],
    ["another authority", { ca_path: "stranger.pem" }, "has a certificate that is not trusted here"],
  ])("with %s is refused", async (_, tls, text) => {
    await using mosquitto = await startSecure();
    const url = `mqtts://127.0.0.1:${mosquitto.port}`;
    const { broker } = await openForTest({ url, tls }, { configFolder: folder, environment });
    broker.ready();
    await vi.waitFor(() => expect(broker.problem).toContain(`The broker at ${url} ${text}`), patience);
    expect(broker.isConnected).toBe(false);
  });

  test("with a certificate of the client", async () => {
    await using mosquitto = await startSecure(["require_certificate true"]);
    const url = `mqtts://127.0.0.1:${mosquitto.port}`;
    const open = async (files: object) => {
      const { broker } = await openForTest(
        { url, tls: { ca_path: "authority.pem", ...files } },
        { configFolder: folder, environment },
      );
      broker.ready();
      return broker;
    };
    const known = await open(clientFiles);
    await vi.waitFor(() => expect(known.isConnected).toBe(true), patience);
    await known.close();
    for (const files of [{}, strangerFiles]) {
      const broker = await open(files);
      const advice = "mqtt.tls.certificate_path";
      await vi.waitFor(() => expect(broker.problem).toContain(advice), patience);
      expect(broker.isConnected).toBe(false);
      await broker.close();
    }
  });

  test("at a port without it, and no TLS at a port with it", async () => {
    await using plain = await Mosquitto.start();
    await using secure = await startSecure();
    const { broker: one } = await openForTest({ url: `mqtts://127.0.0.1:${plain.port}` });
    const { broker: other } = await openForTest({ url: secure.url });
    one.ready();
    other.ready();
    await vi.waitFor(() => expect(one.problem).not.toBeNull(), patience);
    await vi.waitFor(() => expect(other.problem).not.toBeNull(), patience);
    expect(other.problem).toBe(
      `The broker at ${secure.url} closed the connection at once; look into its log, or use mqtts:// if it expects TLS.`,
    );
    expect(one.problem).toMatch(/TLS|closed the connection/);
  });

  test("of a broker that is not there", async () => {
    const url = `mqtts://127.0.0.1:${await freePort()}`;
    const { broker } = await openForTest({ url });
    broker.ready();
    await vi.waitFor(() => expect(broker.problem).toContain("does not listen there"), patience);
  });
});
