import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { showLogs } from "../../src/service/show-logs.js";
import { showService } from "../../src/service/show-service.js";
import { type FakeSystemd, makePlace, makeStreams } from "./fake-systemd.js";
import { LASTING, makeService } from "./make-service.js";

describe.skipIf(process.platform === "win32")("logs", () => {
  const show = async (fake: FakeSystemd, values = {}) => {
    const streams = makeStreams();
    const exitCode = await showLogs({ ...makePlace(), isUser: false }, values, streams, fake.systemd);
    return { exitCode, out: streams.out(), err: streams.err() };
  };

  test("are lines for people, or as they were written", async () => {
    const { fake } = makeService();
    fake.log = ['{"level":"info","event":"turn-end","tokens":7}'];
    expect((await show(fake)).out).toMatch(/^[\d-]+ [\d:]+ info {2}turn-end: tokens=7\n$/);
    fake.log.push("-- No entries --");
    expect((await show(fake, { json: true })).out).toBe('{"level":"info","event":"turn-end","tokens":7}\n');
  });

  test("of a service that is not installed do not exist", async () => {
    const { fake } = makeService();
    for (const values of [{}, { follow: true }, { json: true }]) {
      await expect(show(fake, values)).rejects.toMatchObject({ code: "service-not-installed" });
    }
    // Lines from before it was removed.
    fake.log = ["a line"];
    expect((await show(fake)).out).toContain("a line");
    await expect(show(fake, { follow: true })).rejects.toMatchObject({ code: "service-not-installed" });
  });

  test("of the system are for root", async () => {
    const { fake, install } = makeService();
    await install();
    fake.mayReadAllLines = false;
    await expect(show(fake)).rejects.toMatchObject({ code: "service-needs-root" });
    fake.log = ["a line of this user"];
    expect(await show(fake)).toMatchObject({
      exitCode: 0,
      err: expect.stringContaining("note: Only lines of your own"),
    });
    // A log that is followed has its note before it waits.
    const streams = makeStreams();
    let before = "";
    fake.onJournal = async () => {
      before = streams.err();
    };
    await showLogs({ ...makePlace(), isUser: false, unitFile: LASTING }, { follow: true }, streams, fake.systemd);
    expect(before).toMatch(/^note: Only lines of your own.* service logs --follow\n$/);
    expect(streams.err()).toBe(before);
  });
});

describe.skipIf(process.platform === "win32")("status", () => {
  test("shows the address, the health and the memory, and asks the service", async () => {
    const server = createServer((_, response) => {
      response.end('{"status":"degraded","reasons":[{"code":"memory-pressure","message":"Memory is short."}]}');
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    onTestFinished(() => void server.close());
    const { place, file, fake, install } = makeService();
    fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await install();
    const streams = makeStreams();
    expect(await showService(place, {}, streams, fake.systemd)).toBe(0);
    expect(streams.out()).toMatch(/^nanoagent.service: running.*, process 512$/m);
    expect(streams.out()).toMatch(/^Health: +degraded: Memory is short.$/m);
    expect(streams.out()).toMatch(/^Memory: +61 of 256 MB$/m);
    expect(streams.out()).not.toContain("note:");
    writeFileSync(file, "spec: { name: shed, max_memory_mb: 300 }\n");
    const later = makeStreams();
    await showService(place, { json: true }, later, fake.systemd);
    expect(JSON.parse(later.out()).notes).toEqual([expect.stringContaining("256 MB of memory, the config 300")]);
  });

  test("says why a service stays stopped, with the end of its log", async () => {
    const { place, file, fake, install } = makeService();
    await install();
    fake.isActive = false;
    fake.exitCode = 2;
    fake.log = ["error: agent.yaml:1:1: unknown key"];
    const streams = makeStreams();
    expect(await showService(place, {}, streams, fake.systemd)).toBe(1);
    expect(streams.out()).toContain("stopped: exit code 2, the config, a key or a certificate is wrong");
    expect(streams.out()).toContain("error: agent.yaml:1:1: unknown key");
    expect(streams.out()).toContain(
      `do: nanoagent check --config ${file} says what to correct. Then: systemctl --user start nanoagent`,
    );
  });

  test("notes a program that is gone, to every user, but not a file that this user cannot see", async () => {
    const { place, file, fake, install } = makeService();
    await install();
    vi.spyOn(process, "getuid").mockReturnValue(1000);
    onTestFinished(() => void vi.restoreAllMocks());
    const unit = readFileSync(place.unitFile, "utf8");
    const notesWith = async (program: string) => {
      writeFileSync(place.unitFile, unit.replace(` ${realpathSync(LASTING)} `, ` ${program} `));
      const streams = makeStreams();
      await showService({ ...place, isUser: false }, { json: true }, streams, fake.systemd);
      return JSON.parse(streams.out()).notes;
    };
    expect(await notesWith(path.join(place.folder, "gone.js"))).toEqual([
      expect.stringContaining("gone.js does not exist any more, so the service cannot start again. Run: sudo "),
    ]);
    // A path through a file has another error than a missing file, for root, too.
    expect(await notesWith(path.join(file, "main.js"))).toEqual([]);
  });

  test("says that nothing is installed", async () => {
    const { place, fake } = makeService();
    await expect(showService(place, {}, makeStreams(), fake.systemd)).rejects.toMatchObject({
      code: "service-not-installed",
    });
    const named = { ...place, name: "nanoagent-greenhouse", isUser: false };
    await expect(showService(named, {}, makeStreams(), fake.systemd)).rejects.toMatchObject({
      hint: expect.stringContaining(" service install --name greenhouse --config agent.yaml, or pass --user"),
    });
  });
});
