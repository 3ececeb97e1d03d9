import { Socket } from "node:net";
import { setImmediate as nextPass } from "node:timers/promises";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { FrameReader } from "../../src/wyoming/frame-reader.js";
import { PATIENCE, scripted, serveInTest as serve } from "./serve-wyoming.js";

describe("peers that send without an end", () => {
  test("are read in turn, a piece for each pass of the event loop", async () => {
    const house = await serve();
    const clients = await Promise.all(Array.from({ length: 8 }, () => house.connect()));
    const push = vi.spyOn(FrameReader.prototype, "push");
    onTestFinished(() => push.mockRestore());
    const flood = `${JSON.stringify({ type: "audio-chunk", data: { x: Array(1000).fill({}) } })}\n`.repeat(200);
    for (const client of clients) {
      client.socket.write(flood);
      client.send("ping");
    }
    const perPass: number[] = [];
    let isOver = false;
    const watching = (async () => {
      while (!isOver) {
        const before = push.mock.calls.length;
        await nextPass();
        perPass.push(push.mock.calls.length - before);
      }
    })();
    const answers = await Promise.all(clients.map((client) => client.read()));
    isOver = true;
    await watching;
    expect(answers.map((answer) => answer?.type)).toEqual(Array(8).fill("pong"));
    expect(push.mock.calls.length).toBeGreaterThan(8 * 5);
    expect(Math.max(...perPass)).toBe(1);
  });

  test("many events of one peer are answered over several passes of the event loop, in order", async () => {
    const house = await serve();
    const client = await house.connect();
    const write = vi.spyOn(Socket.prototype, "write");
    onTestFinished(() => write.mockRestore());
    const texts = Array.from({ length: 500 }, (_, index) => `${index}`);
    client.socket.write(texts.map((text) => `{"type":"ping","data":{"text":"${text}"}}\n`).join(""));
    const perPass: number[] = [];
    const watching = (async () => {
      while (write.mock.calls.length <= texts.length) {
        const before = write.mock.calls.length;
        await nextPass();
        perPass.push(write.mock.calls.length - before);
      }
    })();
    const answers = [];
    for (const _ of texts) answers.push((await client.read())?.data.text);
    await watching;
    expect(answers).toEqual(texts);
    expect(Math.max(...perPass)).toBeLessThan(30);
  });

  test("do not keep the service from its end", async () => {
    const { engine, agent } = scripted({ deltas: ["Done."], delayMilliseconds: 300 });
    const house = await serve(agent);
    const [waiting, ...others] = await Promise.all(Array.from({ length: 9 }, () => house.connect()));
    waiting?.send("transcript", { text: "a" });
    await vi.waitFor(() => expect(engine.requests).toHaveLength(1), PATIENCE);
    const flood = `${'{"type":"ping"}\n'.repeat(100)}${'{"type":"x"}\n'.repeat(3000)}`;
    for (const { socket } of others) {
      socket.on("error", () => {});
      const pump = () => {
        while (socket.writable && socket.write(flood));
      };
      socket.on("drain", pump);
      pump();
    }
    await house.server.drain(10_000);
    await house.server.close();
    expect(await waiting?.read()).toMatchObject({ data: { text: "Done." } });
    for (const { socket } of others) await vi.waitFor(() => expect(socket.destroyed).toBe(true), PATIENCE);
  });
});
