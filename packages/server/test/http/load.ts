// Compares the listener with `node:http` alone: `node_modules/.bin/esbuild packages/server/test/http/load.ts --bundle
// --platform=node --format=esm --external:esbuild --outfile=/tmp/load.mjs`, then run it from packages/server/test/http.
// Prints the ratio of processor time for each kind of request, the median of five pairs.
import { Agent, request } from "node:http";
import { readFigures, type ServerProcess, startServer } from "./start-server.js";

const PAIRS = 5;
const CONNECTIONS = 16;
const body = JSON.stringify({
  model: "agent",
  messages: Array.from({ length: 8 }, (_, index) => ({ role: "user", content: `Message ${index} `.repeat(10) })),
});

interface Work {
  readonly name: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly requests: number;
  /** Parts of a reply among which its time is divided. */
  readonly parts: number;
}

const works: readonly Work[] = [
  { name: "GET", method: "GET", path: "/", requests: 6000, parts: 1 },
  { name: "POST JSON", method: "POST", path: "/", requests: 6000, parts: 1 },
  { name: "SSE chunk", method: "GET", path: "/events", requests: 60, parts: 1000 },
];

function send(agent: Agent, { port }: ServerProcess, { method, path }: Work): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = method === "POST" ? { "content-type": "application/json", "content-length": body.length } : {};
    const sent = request({ agent, port, host: "127.0.0.1", method, path, headers }, (response) => {
      response.on("end", resolve).resume();
    });
    sent.on("error", reject).end(method === "POST" ? body : undefined);
  });
}

/** Returns the server's processor time per part of a reply, in microseconds. */
async function measure(server: ServerProcess, work: Work): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const run = async (requests: number) => {
    let left = requests;
    const worker = async () => {
      for (; left > 0; left -= 1) await send(agent, server, work);
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  };
  await run(work.requests / 4);
  const before = (await readFigures(server)).cpu;
  await run(work.requests);
  const { user, system } = (await readFigures(server)).cpu;
  agent.destroy();
  return (user + system - before.user - before.system) / (work.requests * work.parts);
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

for (const work of works) {
  const own: number[] = [];
  const bare: number[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    for (const [kind, list] of pair % 2 === 0
      ? ([
          ["own", own],
          ["bare", bare],
        ] as const)
      : ([
          ["bare", bare],
          ["own", own],
        ] as const)) {
      const server = await startServer(kind);
      list.push(await measure(server, work));
      await server.stop();
    }
  }
  const ratios = own.map((value, index) => value / (bare[index] ?? 1));
  const figures = `${median(own).toFixed(1)} µs, bare ${median(bare).toFixed(1)} µs, ratio ${median(ratios).toFixed(2)}`;
  process.stdout.write(`${work.name}: ${figures} (${ratios.map((ratio) => ratio.toFixed(2)).join(" ")})\n`);
}
