import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { installService, printUnit } from "../../src/service/install-service.js";
import { uninstallService } from "../../src/service/uninstall-service.js";
import { makeStreams } from "./fake-systemd.js";
import { makeService } from "./make-service.js";

describe.skipIf(process.platform === "win32")("install", () => {
  test("writes the unit, enables it and starts it", async () => {
    const { place, fake, install } = makeService();
    const { exitCode, out } = await install();
    expect(exitCode).toBe(0);
    expect(fake.changes).toEqual(["daemon-reload", "enable", "enable-linger", "restart"]);
    expect(readFileSync(place.unitFile, "utf8")).toMatch(/^MemoryMax=256M$/m);
    expect(readdirSync(path.dirname(place.unitFile))).toEqual(["nanoagent.service"]);
    expect(out).toContain("Listening on http://127.0.0.1:7420\n");
    expect(out).toContain("nanoagent service logs --user --follow");
    expect(existsSync(place.lingerMark)).toBe(true);
  });

  test("again: restarts only if something has changed", async () => {
    const { place, file, fake, install } = makeService();
    await install();
    fake.changes.length = 0;
    expect((await install()).out).toContain("It runs already");
    expect(fake.changes).not.toContain("restart");
    writeFileSync(file, "spec: { name: shed, max_memory_mb: 300 }\nserve: { port: 0 }\n");
    expect((await install()).out).toContain("It was restarted");
    expect(fake.changes).toContain("restart");
    expect(readFileSync(place.unitFile, "utf8")).toMatch(/^MemoryMax=300M$/m);
  });

  test("again: restarts if the config or the file of variables changed after the start", async () => {
    const { place, file, fake, install } = makeService();
    await install();
    for (const [changed, text] of [
      [file, readFileSync(file)],
      [place.environmentFile, "AGENT_KEYS=another\n"],
    ] as const) {
      // systemd tells the time of a start in whole seconds.
      fake.startedAt = Math.ceil(Date.now() / 1000);
      expect((await install()).out).toContain("It runs already");
      await sleep(fake.startedAt * 1000 + 50 - Date.now());
      writeFileSync(changed, text);
      expect((await install()).out).toContain("It was restarted");
    }
  });

  test("with errors in the config, says what check says and changes nothing", async () => {
    const { place, fake, install } = makeService();
    for (const code of [2, 3]) {
      fake.checkExitCode = code;
      const { exitCode, out, err } = await install();
      expect(exitCode).toBe(code);
      expect(out).toBe("The report of check.\n");
      expect(err).toContain("was not installed");
    }
    expect(fake.changes).toEqual([]);
    expect(existsSync(place.unitFile)).toBe(false);
    const wrong = makeService("spec: { nam: shed }\n");
    await expect(wrong.install()).rejects.toMatchObject({ code: "invalid-config" });
    expect(wrong.fake.changes).toEqual([]);
  });

  test("with a check that fails by itself, does not blame the config", async () => {
    const { fake, install } = makeService();
    fake.checkExitCode = 127;
    fake.checkWords = "setpriv: setresuid failed: Operation not permitted\n";
    const { exitCode, err } = await install();
    expect(exitCode).toBe(1);
    expect(err).toBe(
      `${fake.checkWords}error: The service was not installed, because the check of its config failed (exit code 127).\n  do: Correct the reason, then run the same command again.\n`,
    );
    fake.checkExitCode = null;
    expect((await install()).err).toContain("because a signal ended the check of its config.");
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    fake.onCheck = () => vi.setSystemTime(Date.now() + 600_000);
    expect((await install()).err).toContain("the check of its config took longer than 10 minutes.");
    expect(fake.changes).toEqual([]);
  });

  test("interrupted, is not a failure", async () => {
    const { place, fake, install } = makeService();
    const checking = new AbortController();
    fake.checkExitCode = null;
    fake.onCheck = () => checking.abort();
    expect(await install({}, checking.signal)).toEqual({ exitCode: 130, out: "", err: "" });
    expect(existsSync(place.unitFile)).toBe(false);

    const starting = new AbortController();
    fake.checkExitCode = 0;
    fake.exitCode = 1;
    fake.onStart = () => starting.abort();
    expect(await install({}, starting.signal)).toEqual({
      exitCode: 130,
      out: "",
      err: "note: nanoagent.service is installed, and stopped. To start it: systemctl --user start nanoagent\n",
    });
    expect(fake.changes.slice(-2)).toEqual(["restart", "stop --no-block"]);
  });

  test("refuses a setting that would write lines into the unit", async () => {
    const { place, fake, install } = makeService(
      JSON.stringify({
        spec: { name: "shed", max_memory_mb: 256 },
        session: { dir: "/srv/s\nExecStartPre=+/bin/true\n#" },
      }),
    );
    await expect(install()).rejects.toMatchObject({
      code: "service-unsuitable",
      message: expect.stringMatching(/^session\.dir is "/),
    });
    expect(fake.changes).toEqual([]);
    expect(existsSync(place.unitFile)).toBe(false);
  });

  test("refuses a program that does not last, and --dry-run prints its unit with a note", async () => {
    const { place, file, fake } = makeService();
    const program = path.join(place.folder, "main.js");
    writeFileSync(program, "");
    await expect(installService(place, { config: file }, makeStreams(), fake.systemd, program)).rejects.toMatchObject({
      code: "service-unsuitable",
    });
    const streams = makeStreams();
    expect(await printUnit(place, { config: file }, streams, fake.run, program)).toBe(0);
    expect(streams.out()).toContain(`${program} serve --config ${file}\n`);
    expect(streams.err()).toContain(`note: This nanoagent is in ${place.folder}, which does not last.`);
    expect(fake.changes).toEqual([]);
  });

  test("with a start that fails, shows the log, and leaves the unit stopped", async () => {
    const { place, fake, install } = makeService();
    fake.exitCode = 1;
    fake.log = ["error: Another program listens on 127.0.0.1:7420."];
    await expect(install()).rejects.toMatchObject({
      code: "service-start-failed",
      message: "nanoagent.service is installed, but it did not start: exit code 1, it failed.",
      hint: expect.stringContaining("systemctl --user start nanoagent"),
    });
    expect(fake.changes.slice(-2)).toEqual(["restart", "stop"]);
    expect(existsSync(place.unitFile)).toBe(true);
  });

  test("says where the key of a service is that other machines reach", async () => {
    const { place, fake, install } = makeService();
    fake.url = "http://192.168.1.5:7420";
    expect((await install()).out).toContain(`Clients need the key in ${place.stateFolder}/nanoagent/serve-keys.json\n`);
  });

  test("keeps the link to the release in use in the unit", async () => {
    const { place, install } = makeService();
    const root = path.join(place.folder, "root");
    mkdirSync(path.join(root, "releases/7"), { recursive: true });
    writeFileSync(
      path.join(root, "releases/7/agent.yaml"),
      "spec: { name: a, max_memory_mb: 100 }\nserve: {port: 0}\n",
    );
    symlinkSync("releases/7", path.join(root, "current"));
    const config = path.join(root, "current/agent.yaml");
    expect((await install({ config })).exitCode).toBe(0);
    expect(readFileSync(place.unitFile, "utf8")).toContain(` serve --config ${config}\n`);
  });

  test("with --no-start only enables it", async () => {
    const { file, fake, install } = makeService();
    const { out } = await install({ "no-start": true, json: true });
    expect(fake.changes).toEqual(["daemon-reload", "enable", "enable-linger"]);
    expect(JSON.parse(out)).toMatchObject({ event: "installed", state: "not-started", url: null });
    fake.isActive = true;
    expect((await install({ "no-start": true })).out).toContain("It runs already");
    writeFileSync(file, "spec: { name: shed, max_memory_mb: 300 }\nserve: { port: 0 }\n");
    expect((await install({ "no-start": true })).out).toContain("It runs with its old settings until the next boot");
    expect(fake.changes).not.toContain("restart");
  });

  test("says how to start at boot where lingering is not allowed", async () => {
    const { place, fake, install } = makeService();
    fake.mayLinger = false;
    const { out } = await install();
    expect(out).toContain("It runs now, and whenever you log in.\n");
    expect(out).toContain("note: It ends when you log out. To run it from boot on: sudo loginctl enable-linger");
    expect(out).not.toContain("at every boot");
    expect(existsSync(place.lingerMark)).toBe(false);
  });

  test("never overwrites a unit of others", async () => {
    const { place, file, fake, install } = makeService(undefined, "nanoagent-agent");
    mkdirSync(path.dirname(place.unitFile), { recursive: true });
    writeFileSync(place.unitFile, "[Service]\nExecStart=/bin/true\n");
    writeFileSync(path.join(path.dirname(place.unitFile), "nanoagent-agent-2.service"), "");
    await expect(install()).rejects.toMatchObject({
      code: "service-unsuitable",
      hint: `Remove it, or choose another name: nanoagent service install --user --name agent-3 --config ${file}`,
    });
    await expect(uninstallService(place, {}, makeStreams(), fake.systemd)).rejects.toMatchObject({
      code: "service-unsuitable",
    });
    expect(readFileSync(place.unitFile, "utf8")).toBe("[Service]\nExecStart=/bin/true\n");
    expect(fake.changes).toEqual([]);
  });

  test("refuses a port that another program has", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { fake, install } = makeService(`spec: { name: shed, max_memory_mb: 256 }\nserve: { port: ${port} }\n`);
    await expect(install()).rejects.toMatchObject({
      code: "service-unsuitable",
      message: `Port ${port} is in use.`,
      hint: expect.stringContaining(`sport = :${port}`),
    });
    const voice = makeService(
      `spec: { name: shed, max_memory_mb: 256 }\nserve: { port: 0, wyoming: { port: ${port} } }\n`,
    );
    await expect(voice.install()).rejects.toMatchObject({
      message: `Port ${port} is in use.`,
      hint: expect.stringContaining("set serve.wyoming.port to another port"),
    });
    // The service itself may have it.
    fake.isActive = true;
    expect((await install()).exitCode).toBe(0);
  });
});

describe.skipIf(process.platform === "win32")("uninstall", () => {
  test("keeps conversations, and --purge does not", async () => {
    const { place, fake, install } = makeService();
    await install();
    mkdirSync(place.dropInFolder);
    writeFileSync(path.join(place.stateFolder, "journal-1.jsonl"), "");
    fake.changes.length = 0;
    const first = makeStreams();
    expect(await uninstallService(place, {}, first, fake.systemd)).toBe(0);
    expect(fake.changes).toEqual(["disable --now", "daemon-reload", "reset-failed", "disable-linger"]);
    expect(first.out()).toContain(`Conversations and keys are still in ${place.stateFolder}.`);
    expect(readdirSync(path.dirname(place.unitFile))).toEqual([]);
    const second = makeStreams();
    expect(await uninstallService(place, { purge: true, json: true }, second, fake.systemd)).toBe(0);
    expect(JSON.parse(second.out())).toEqual({
      event: "uninstalled",
      unit: "nanoagent.service",
      was_installed: false,
      kept: null,
    });
    expect(existsSync(path.dirname(place.stateFolder))).toBe(false);
    // Of the check of the config, and of the service.
    expect(fake.removed).toEqual([expect.stringContaining("nanoagent-check-"), place.stateFolder]);
  });

  test("without a unit of its own, keeps drop-ins and unmarked folders", async () => {
    const { place, fake } = makeService();
    mkdirSync(place.dropInFolder, { recursive: true });
    mkdirSync(place.stateFolder, { recursive: true });
    const streams = makeStreams();
    expect(await uninstallService(place, { purge: true }, streams, fake.systemd)).toBe(0);
    expect(streams.out()).toContain(`${place.stateFolder} stays`);
    expect(existsSync(place.stateFolder) && existsSync(place.dropInFolder)).toBe(true);
  });

  test("leaves a unit that stands elsewhere", async () => {
    const { place, fake } = makeService();
    fake.fragment = "/usr/lib/systemd/system/nanoagent.service";
    mkdirSync(place.dropInFolder, { recursive: true });
    await expect(uninstallService(place, { purge: true }, makeStreams(), fake.systemd)).rejects.toMatchObject({
      code: "service-unsuitable",
      message: `${fake.fragment} was not written by nanoagent service install.`,
    });
    expect(existsSync(place.dropInFolder)).toBe(true);
    expect(fake.changes).toEqual([]);
  });

  test("leaves lingering on for the other services of the user, and where it was on before", async () => {
    const { place, fake, install } = makeService();
    await install();
    const other = { ...place, name: "barn", unit: "barn.service" };
    const unit = path.join(path.dirname(place.unitFile), "barn.service");
    writeFileSync(unit, readFileSync(place.unitFile));
    await uninstallService(place, {}, makeStreams(), fake.systemd);
    expect(fake.isLingering).toBe(true);
    const mark = path.join(path.dirname(place.lingerMark), "barn.linger");
    await uninstallService({ ...other, unitFile: unit, lingerMark: mark }, {}, makeStreams(), fake.systemd);
    expect(fake.isLingering).toBe(false);

    const before = makeService();
    before.fake.isLingering = true;
    await before.install();
    await uninstallService(before.place, {}, makeStreams(), before.fake.systemd);
    expect(before.fake.isLingering).toBe(true);
  });
});
