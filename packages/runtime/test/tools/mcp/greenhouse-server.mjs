// A typical server with the protocol's own package: over stdio, or over HTTP on a port that it prints or is given.
import { createServer } from "node:http";
import { fromJsonSchema, McpServer, WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";

function greenhouse() {
  const server = new McpServer({ name: "greenhouse", version: "1.0.0" });
  const bed = fromJsonSchema({
    type: "object",
    properties: { bed: { type: "integer", minimum: 1, maximum: 8, description: "Which bed." } },
    required: ["bed"],
    additionalProperties: false,
  });
  server.registerTool("read_soil", { description: "Says how moist a bed is.", inputSchema: bed }, async ({ bed }) => ({
    content: [{ type: "text", text: `{"bed": ${bed}, "moisture_percent": ${40 + bed}}` }],
  }));
  server.registerTool("water", { description: "Waters a bed.", inputSchema: bed }, async ({ bed }) => {
    if (bed === 8) return { content: [{ type: "text", text: "no pressure" }], isError: true };
    return { content: [{ type: "text", text: `Bed ${bed} was watered.` }] };
  });
  server.registerTool("surroundings", { description: "What it sees." }, async () => ({
    content: [{ type: "text", text: JSON.stringify({ env: process.env, cwd: process.cwd(), pid: process.pid }) }],
  }));
  server.registerTool("look", { description: "Takes a picture." }, async () => ({
    content: [
      { type: "image", mimeType: "image/png", data: Buffer.alloc(3000).toString("base64") },
      { type: "resource", resource: { uri: "file:///a.txt", text: "and a text" } },
    ],
  }));
  return server;
}

if (process.argv[2] === "http") {
  const http = createServer(async (incoming, outgoing) => {
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    if (incoming.headers.authorization !== "Bearer secret-key") {
      outgoing.writeHead(401).end("no");
      return;
    }
    const server = greenhouse();
    const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: undefined });
    await server.connect(transport);
    const body = incoming.method === "POST" ? Buffer.concat(chunks) : undefined;
    const request = new Request(`http://127.0.0.1${incoming.url}`, {
      method: incoming.method,
      headers: incoming.headers,
      body,
    });
    const response = await transport.handleRequest(request);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    for await (const chunk of response.body ?? []) outgoing.write(chunk);
    outgoing.end();
  });
  http.listen(Number(process.argv[3] ?? 0), "127.0.0.1", () => process.stdout.write(`${http.address().port}\n`));
} else {
  await greenhouse().connect(new StdioServerTransport());
}
