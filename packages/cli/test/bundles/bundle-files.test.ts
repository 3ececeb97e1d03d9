import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { type HubMirror, startHubMirror } from "@nanoagent/hub/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Device } from "../models/device.js";
import { fileOf, sha256, TINY, tinyFiles } from "../models/tiny-models.js";
import { program } from "../run-program.js";

interface Facts {
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly requires: string | null;
  readonly models: readonly { name: string; source: string; size: number; sha256: string }[];
  readonly manifest_sha256: string;
  readonly files: number;
  readonly bytes: number;
  readonly signatures: readonly (string | null)[];
}

const isWindows = process.platform === "win32";
const hasOpenssl = (() => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
let device: Device;

beforeEach(() => {
  device = new Device();
  device.write("home/garden/agent.yaml", "spec: {name: gardener, max_memory_mb: 600}\n");
  device.write("home/garden/skills/bed/SKILL.md", "---\nname: bed\ndescription: Beds\n---\nWater them.\n");
});

const bundle = (...args: string[]) => device.run(["bundle", ...args]);
const facts = (...args: string[]) => device.json<Facts>("bundle", ...args);
const CREATE = ["create", "garden", "--out", "garden.bundle", "--name", "garden", "--version", "1.2.0", "--sequence"];

async function signedBundle(): Promise<void> {
  await bundle("new-key", "fleet.pem");
  await facts(...CREATE, "7");
  await facts("sign", "garden.bundle", "--key", "fleet.pem");
}

describe("bundle", () => {
  test("makes, signs and verifies a bundle, as the help shows it", async () => {
    const key = await bundle("new-key", "fleet.pem");
    expect(key.exitCode).toBe(0);
    // The line for fleet.trust, alone.
    expect(readFileSync(device.at("home/fleet.pem.pub"), "utf8")).toContain(key.stdout.trim());
    expect(key.stdout).toMatch(/^[A-Za-z0-9+/]{59}=\n$/);

    const created = await bundle(...CREATE, "7");
    expect(created).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^garden 1\.2\.0, sequence 7: 2 files, \d+ bytes\n$/),
    });
    expect(created.stderr).toContain("nanoagent bundle sign garden.bundle --key KEY");

    const signed = await bundle("sign", "garden.bundle", "--key", "fleet.pem");
    expect(signed).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/^Signed garden\.bundle with the key ed25519:[0-9a-f]{40}\.\n$/),
    });

    const verified = await bundle("verify", "garden.bundle", "--trust", "fleet.pem.pub");
    expect(verified).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^garden 1\.2\.0, sequence 7: 2 files/),
    });
  });

  test("writes a file that begins as the format says", async () => {
    await signedBundle();
    const bytes = readFileSync(device.at("home/garden.bundle"));
    const [first, manifest = "", signatures = "", ...rest] = bytes.toString().split("\n");
    expect(first).toBe("nanoagent-bundle 1");
    expect(JSON.parse(manifest)).toEqual({
      format: 1,
      name: "garden",
      version: "1.2.0",
      sequence: 7,
      created: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      files: ["agent.yaml", "skills/bed/SKILL.md"].map((path) => {
        const contents = readFileSync(device.at("home/garden", path));
        return { path, size: contents.length, sha256: sha256(contents), mode: 420 };
      }),
    });
    expect(JSON.parse(signatures)).toEqual([
      { algorithm: "ed25519", signature: expect.any(String), key: expect.any(String) },
    ]);
    expect(rest.join("\n")).toBe(
      readFileSync(device.at("home/garden/agent.yaml"), "utf8") +
        readFileSync(device.at("home/garden/skills/bed/SKILL.md"), "utf8"),
    );
  });

  test("prints facts as JSON", async () => {
    const key = await device.json<{ fingerprint: string; public_key: string }>("bundle", "new-key", "fleet.pem");
    const created = await facts(...CREATE, "7", "--requires", ">=0.1.0");
    expect(created).toMatchObject({
      path: "garden.bundle",
      version: "1.2.0",
      sequence: 7,
      requires: ">=0.1.0",
      models: [],
      signatures: [],
    });
    const signed = await facts("sign", "garden.bundle", "--key", "fleet.pem");
    expect(signed).toMatchObject({
      key: key.fingerprint,
      signatures: [key.fingerprint],
      manifest_sha256: created.manifest_sha256,
    });
    const verified = await facts("verify", "garden.bundle", "--trust", "fleet.pem.pub");
    expect(verified).toEqual({ ...signed, ok: true });
    expect(verified.bytes).toBe(statSync(device.at("home/garden.bundle")).size);
    // The base64 line is accepted in a file as well.
    device.write("home/line.pub", `${key.public_key}\n`);
    expect(await facts("verify", "garden.bundle", "--trust", "line.pub")).toEqual(verified);
  });

  test.skipIf(!hasOpenssl)("uses keys that openssl makes, and openssl verifies its signatures", async () => {
    const home = device.at("home");
    const openssl = (...args: string[]) =>
      execFileSync("openssl", args, { cwd: home, stdio: ["ignore", "pipe", "ignore"] });
    openssl("genpkey", "-algorithm", "ed25519", "-out", "own.pem");
    openssl("pkey", "-in", "own.pem", "-pubout", "-out", "own.pub");
    await facts(...CREATE, "7");
    await facts("sign", "garden.bundle", "--key", "own.pem");
    await facts("verify", "garden.bundle", "--trust", "own.pub");
    const [, manifest = "", signatures = ""] = readFileSync(device.at("home/garden.bundle"), "utf8").split("\n");
    const [{ signature, key }] = JSON.parse(signatures) as [{ signature: string; key: string }];
    device.write("home/manifest", manifest);
    device.write("home/signature", Buffer.from(signature, "base64"));
    openssl("pkeyutl", "-verify", "-pubin", "-inkey", "own.pub", "-rawin", "-in", "manifest", "-sigfile", "signature");
    const der = openssl("pkey", "-pubin", "-in", "own.pub", "-outform", "DER");
    expect(key).toBe(`ed25519:${sha256(der).slice(0, 40)}`);
  });

  test("signs with several keys, and trusts any of several", async () => {
    await signedBundle();
    await bundle("new-key", "next.pem");
    await bundle("new-key", "other.pem");
    const { signatures } = await facts("sign", "garden.bundle", "--key", "next.pem");
    expect(signatures).toHaveLength(2);
    await facts("verify", "garden.bundle", "--trust", "next.pem.pub");
    await facts("verify", "garden.bundle", "--trust", "other.pem.pub", "--trust", "fleet.pem.pub");
    expect((await bundle("verify", "garden.bundle", "--trust", "other.pem.pub")).exitCode).toBe(1);
  });

  test.skipIf(isWindows)("keeps the private key to its owner, whatever the umask is", () => {
    for (const umask of ["000", "077"]) {
      const args = [umask, process.execPath, program, "bundle", "new-key", `key-${umask}.pem`];
      execFileSync("sh", ["-c", 'umask "$0"; exec "$@"', ...args], {
        cwd: device.at("home"),
        env: device.environment,
        stdio: "ignore",
      });
      expect(statSync(device.at(`home/key-${umask}.pem`)).mode & 0o777).toBe(0o600);
      expect(statSync(device.at(`home/key-${umask}.pem.pub`)).mode & 0o777).toBe(0o644);
    }
  });

  test("never replaces a key", async () => {
    await bundle("new-key", "fleet.pem");
    const old = readFileSync(device.at("home/fleet.pem"), "utf8");
    expect(await bundle("new-key", "fleet.pem")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("already exists"),
    });
    rmSync(device.at("home/fleet.pem"));
    // The public half alone: the private one is not left behind.
    expect((await bundle("new-key", "fleet.pem")).exitCode).toBe(2);
    expect(existsSync(device.at("home/fleet.pem"))).toBe(false);
    expect(old).toContain("PRIVATE KEY");
    expect((await bundle("new-key", "nowhere/fleet.pem")).exitCode).toBe(2);
  });

  test("mentions hidden files", async () => {
    device.write("home/garden/.env", "TOKEN=x\n");
    const { stderr } = await bundle(...CREATE, "7");
    expect(stderr).toContain("It contains hidden files: .env.\n");
  });
});

describe("a bundle is refused with exit code 1", () => {
  const refusal = async (...args: string[]) => {
    const { exitCode, stdout } = await bundle(...args, "--json");
    expect(exitCode).toBe(1);
    return (JSON.parse(stdout) as { error: { code: string; reason: string } }).error;
  };

  test("if it is changed, cut, not signed, or signed by another key", async () => {
    await signedBundle();
    await bundle("new-key", "other.pem");
    const file = device.at("home/garden.bundle");
    const bytes = readFileSync(file);
    const verify = (key = "fleet.pem.pub") => refusal("verify", "garden.bundle", "--trust", key);
    expect(await verify("other.pem.pub")).toMatchObject({ code: "bundle-untrusted" });
    writeFileSync(file, Buffer.concat([bytes.subarray(0, -1), Buffer.from("!")]));
    expect(await verify()).toMatchObject({
      code: "bundle-malformed",
      reason: expect.stringContaining("skills/bed/SKILL.md"),
    });
    writeFileSync(file, bytes.toString().replace('"sequence":7', '"sequence":8'));
    expect(await verify()).toMatchObject({
      code: "bundle-untrusted",
      reason: expect.stringContaining("changed after it was signed"),
    });
    writeFileSync(file, bytes.subarray(0, -1));
    expect(await verify()).toMatchObject({ code: "bundle-malformed", reason: expect.stringContaining("incomplete") });
    writeFileSync(file, "");
    expect(await verify()).toMatchObject({ code: "bundle-malformed" });
    writeFileSync(file, "PK\u0003\u0004");
    expect(await verify()).toMatchObject({ code: "bundle-malformed" });
    await facts(...CREATE, "7");
    expect(await verify()).toMatchObject({ code: "bundle-untrusted", reason: "It is not signed." });
  });

  test("if its folder cannot become one", async () => {
    expect(await refusal("create", "garden/skills", ...CREATE.slice(2), "7")).toMatchObject({
      code: "bundle-not-created",
    });
    expect(await refusal(...CREATE, "7", "--requires", "newest")).toMatchObject({ code: "bundle-not-created" });
    const inside = CREATE.with(3, "garden/garden.bundle");
    expect(await refusal(...inside, "7")).toMatchObject({ reason: expect.stringContaining("is inside the folder") });
    if (isWindows) return;
    symlinkSync("agent.yaml", device.at("home/garden/link"));
    expect(await refusal(...CREATE, "7")).toMatchObject({ reason: '"link" is a link. A bundle contains only files.' });
    expect(existsSync(device.at("home/garden.bundle"))).toBe(false);
  });
});

describe("a wrong command line has exit code 2", () => {
  test.each([
    [["create", "garden", "--out", "x", "--name", "n", "--version", "1"]],
    [["create", "garden", "--out", "x", "--name", "n", "--sequence", "1"]],
    [["create", "garden", "--out", "x", "--name", "n", "--version", "1", "--sequence", "0"]],
    [["create", "garden", "--out", "x", "--name", "n", "--version", "1", "--sequence", "-1"]],
    [["create", "garden", "--out", "x", "--name", "n", "--version", "1", "--sequence", "1.5"]],
    [["create", "garden", "--out", "x", "--name", "n", "--version", "1", "--sequence", "9007199254740992"]],
    [["create", "garden", "--out", "x", "--name", "n", "--version", "1", "--sequence", "one"]],
    [["create", "garden", "--out", "x", "--name", "n", "--version", "--sequence", "1"]],
    [["create", "nowhere", "--out", "x", "--name", "n", "--version", "1", "--sequence", "1"]],
    [["create", "garden/agent.yaml", "--out", "x", "--name", "n", "--version", "1", "--sequence", "1"]],
    [["sign", "x.bundle"]],
    [["sign", "nowhere", "--key", "fleet.pem"]],
    [["sign", "x.bundle", "--key", "nowhere"]],
    [["sign", "x.bundle", "--key", "garden"]],
    [["sign", "x.bundle", "--key", "fleet.pem.pub"]],
    [["sign", "x.bundle", "--key", "x.bundle"]],
    [["verify", "x.bundle"]],
    [["verify", "nowhere", "--trust", "fleet.pem.pub"]],
    [["verify", "garden", "--trust", "fleet.pem.pub"]],
    [["verify", "x.bundle", "--trust", "nowhere"]],
    [["verify", "x.bundle", "--trust", "fleet.pem"]],
    [["verify", "x.bundle", "--trust", "x.bundle"]],
    [["new-key"]],
    [["unpack", "x.bundle"]],
    [[]],
  ])("%j", async (args) => {
    await bundle("new-key", "fleet.pem");
    device.write("home/x.bundle", "nanoagent-bundle 1\n");
    const { exitCode, stdout, stderr } = await bundle(...args);
    expect({ exitCode, stdout, args }).toEqual({ exitCode: 2, stdout: "", args });
    expect(stderr).toMatch(/^error: /);
    // A private key that was passed by mistake is not shown.
    expect(stderr).not.toContain(readFileSync(device.at("home/fleet.pem"), "utf8").split("\n")[1]);
    expect(existsSync(device.at("home/x"))).toBe(false);
  });

  test("but --version alone shows the version, and --help the help", async () => {
    expect(await bundle("--version")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    const { exitCode, stdout } = await bundle("--help");
    expect(exitCode).toBe(0);
    for (const action of [
      "create DIR",
      "sign FILE",
      "verify FILE",
      "new-key FILE",
      "apply FILE",
      "rollback",
      "list",
      "prove DIR",
    ]) {
      expect(stdout).toContain(`\n  ${action} `);
    }
  });
});

describe("models", () => {
  let mirror: HubMirror;
  beforeAll(async () => {
    mirror = await startHubMirror({ repositories: { [TINY]: { files: tinyFiles, license: "apache-2.0" } } });
  });
  afterAll(() => mirror.close());
  beforeEach(() => {
    device.environment.HF_ENDPOINT = mirror.url;
  });

  const model = {
    name: `${TINY}:Q4_0`,
    source: `${TINY}:Q4_0`,
    size: fileOf("tiny-Q4_0.gguf").length,
    sha256: sha256(fileOf("tiny-Q4_0.gguf")),
  };

  test("of the config and of --model are recorded from the store, without the network", async () => {
    await device.models("pull", `${TINY}:Q4_0`, "--force");
    await device.models("pull", `${TINY}:Q8_0`, "--force");
    mirror.requests.length = 0;
    device.write(
      "home/garden/agent.yaml",
      `spec: {name: gardener}\nmodel_path: hub:${TINY}:Q4_0\n# \${SITE} is not set here\nrole: \${SITE}\n`,
    );
    expect((await facts(...CREATE, "7")).models).toEqual([model]);
    const both = await facts(...CREATE, "7", "--model", `hub:${TINY}:Q8_0`, "--model", `${TINY}:Q4_0`);
    expect(both.models.map(({ name }) => name)).toEqual([`${TINY}:Q8_0`, `${TINY}:Q4_0`]);
    expect((await bundle(...CREATE, "7")).stdout).toContain(`  model ${TINY}:Q4_0, `);
    expect(mirror.requests).toEqual([]);
  });

  test("that are not in the store are refused, and so is one of several files", async () => {
    expect(await bundle(...CREATE, "7", "--model", `${TINY}:Q4_0`)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`nanoagent models pull ${TINY}:Q4_0`),
    });
    device.write("home/garden/agent.yaml", `spec: {name: gardener}\nmodel_path: hub:${TINY}:Q4_0\n`);
    expect((await bundle(...CREATE, "7")).exitCode).toBe(2);
    device.write("home/garden/agent.yaml", "spec: {name: gardener}\n");
    await device.models("pull", `${TINY}:F16`, "--force");
    expect(await bundle(...CREATE, "7", "--model", `${TINY}:F16`)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("It consists of several files"),
    });
    expect(existsSync(device.at("home/garden.bundle"))).toBe(false);
  });

  test("with a path or a variable are the device's own", async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a variable of the config.
    device.write("home/garden/agent.yaml", "spec: {name: gardener}\nmodel_path: ${MODEL}\n");
    expect((await facts(...CREATE, "7")).models).toEqual([]);
    device.write("home/garden/agent.yaml", "spec: {name: gardener}\nmodel_path: ../models/tiny.gguf\n");
    expect((await facts(...CREATE, "7")).models).toEqual([]);
  });
});

test.skipIf(isWindows)("a bundle of executable tools keeps their modes", async () => {
  device.write("home/garden/tools/water.sh", "#!/bin/sh\n");
  chmodSync(device.at("home/garden/tools/water.sh"), 0o700);
  await facts(...CREATE, "7");
  const [, manifest = ""] = readFileSync(device.at("home/garden.bundle"), "utf8").split("\n");
  const { files } = JSON.parse(manifest) as { files: { path: string; mode: number }[] };
  expect(files.map(({ path, mode }) => [path, mode])).toContainEqual(["tools/water.sh", 493]);
});
