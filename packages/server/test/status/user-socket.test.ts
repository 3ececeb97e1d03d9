import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import os from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { readLine, readLines } from "../../src/status/read-line.js";
import { findPlace, placeOfService, removePlaces, siblingPlace } from "../../src/status/service-places.js";
import { UserSocket } from "../../src/status/user-socket.js";

describe.skipIf(process.platform === "win32")("a socket of a service", () => {
  beforeEach(() => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "na-socket-"));
    vi.stubEnv("XDG_RUNTIME_DIR", folder);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true, force: true });
    });
  });

  test("answers lines, and is found by the number of its process", async () => {
    const socket = await UserSocket.open("updates", (peer) => {
      void readLine(peer, new AbortController().signal).then((line) => peer.end(`${line} back\n`));
    });
    onTestFinished(() => socket?.close());
    const place = await findPlace(process.pid, "updates");
    expect(place).toBe(await placeOfService(process.pid, "updates"));
    const peer = connect(place ?? "");
    peer.write("there\nignored\n");
    const lines: string[] = [];
    for await (const line of readLines(peer)) lines.push(line);
    expect(lines).toEqual(["there back"]);
    await socket?.close();
    expect(await findPlace(process.pid, "updates")).toBeNull();
  });

  test("takes the place of one that a killed process with the same number left", async () => {
    const first = await UserSocket.open("updates", () => {});
    const second = await UserSocket.open("updates", (peer) => peer.end("second\n"));
    onTestFinished(async () => {
      await first?.close();
      await second?.close();
    });
    const peer = connect((await findPlace(process.pid, "updates")) ?? "");
    expect(await readLine(peer, new AbortController().signal)).toBe("second");
  });

  test("ends its connections when it closes", async () => {
    const socket = await UserSocket.open("updates", () => {});
    const peer = connect((await findPlace(process.pid, "updates")) ?? "");
    const ended = new Promise((resolve) => peer.once("close", resolve));
    await new Promise((resolve) => peer.once("connect", resolve));
    await vi.waitFor(async () => {
      await socket?.close();
      await ended;
    }, 20_000);
  });

  test("a file that is not a socket is not one", async () => {
    const place = (await placeOfService(4711, "updates")) ?? "";
    mkdirSync(place);
    expect(await findPlace(4711, "updates")).toBeNull();
    expect(await findPlace(4712, "updates")).toBeNull();
  });

  test("those of a killed service are removed together", async () => {
    const places = await Promise.all(
      (["serve", "triggers", "updates"] as const).map((kind) => placeOfService(7, kind)),
    );
    const [status = ""] = places;
    expect(siblingPlace(status ?? "", "updates")).toBe(places[2]);
    const sockets = await Promise.all(
      (["triggers", "updates"] as const).map((kind) => UserSocket.open(kind, () => {})),
    );
    const own = (await placeOfService(process.pid)) ?? "";
    await removePlaces(own);
    expect(existsSync(siblingPlace(own, "updates"))).toBe(false);
    expect(existsSync(siblingPlace(own, "triggers"))).toBe(false);
    for (const socket of sockets) await socket?.close();
  });
});
