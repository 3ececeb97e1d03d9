import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { findHostProblems, findListenProblems } from "../../src/bundles/find-listen-problems.js";

/** Addresses for documentation, which no machine has. */
const ELSEWHERE = "192.0.2.1";

/** Listens, and returns the port. */
async function taken(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test("an address that this machine does not have, or that another program uses, is a problem", async () => {
  const running = { serve: { host: "127.0.0.1", port: 0 } };
  const port = await taken();
  const problems = (serve: object) => findListenProblems({ serve }, running, {});
  expect(await problems({ host: ELSEWHERE, port: 0 })).toEqual([
    `serve.host and serve.port: This machine does not have the address ${ELSEWHERE}. The service could not start again.`,
  ]);
  expect(await problems({ port })).toEqual([expect.stringContaining(`Another program listens on 127.0.0.1:${port}.`)]);
  expect(await problems({ port: 0, wyoming: { port } })).toEqual([expect.stringContaining("serve.wyoming: Another")]);
  expect(await problems({ port: 0 })).toEqual([]);
});

test("the addresses of the service itself are not tried", async () => {
  const port = await taken();
  const running = { serve: { port } };
  expect(await findListenProblems({ serve: { port } }, running, {})).toEqual([]);
  expect(await findListenProblems({ serve: { host: "0.0.0.0", port } }, running, {})).toEqual([]);
  expect(await findListenProblems({ serve: { host: ELSEWHERE, port } }, running, {})).toHaveLength(1);
  // The command line goes before the config.
  expect(await findListenProblems({ serve: { host: ELSEWHERE } }, {}, { host: "127.0.0.1", port })).toEqual([]);
});

test("without a service only the host is tried", async () => {
  const port = await taken();
  expect(await findHostProblems({})).toEqual([]);
  expect(await findHostProblems({ serve: { port, wyoming: { port } } })).toEqual([]);
  expect(await findHostProblems({ serve: { host: ELSEWHERE } })).toHaveLength(1);
});
