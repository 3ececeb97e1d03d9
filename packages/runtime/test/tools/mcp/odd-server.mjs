// A server over stdio. Its first argument, JSON, has the text to write for each method: `$ID` and `$VERSION` are filled
// in.
const { answers = {}, start = [], encoding = "utf8", mark = "" } = JSON.parse(process.argv[2] ?? "{}");

const text = JSON.stringify({ content: [{ type: "text", text: "done" }] });
const usual = {
  initialize:
    '{"jsonrpc":"2.0","id":$ID,"result":{"protocolVersion":"$VERSION","capabilities":{"tools":{}},"serverInfo":{"name":"odd","version":"1"}}}\n',
  "tools/list": '{"jsonrpc":"2.0","id":$ID,"result":{"tools":[{"name":"do","inputSchema":{"type":"object"}}]}}\n',
  "tools/call": `{"jsonrpc":"2.0","id":$ID,"result":${text}}\n`,
};

const write = (line) => {
  const bytes = Buffer.from(line, encoding === "utf-16be" ? "utf16le" : encoding);
  process.stdout.write(encoding === "utf-16be" ? bytes.swap16() : bytes);
};
write(mark);
for (const line of start) write(line);

let rest = "";
const asked = {};
process.stdin.on("data", (chunk) => {
  rest += chunk;
  const lines = rest.split("\n");
  rest = lines.pop();
  for (const message of lines.map((line) => JSON.parse(line))) {
    asked[message.method] = (asked[message.method] ?? 0) + 1;
    // A list has one answer for each request.
    const answer = answers[message.method] ?? usual[message.method];
    const line = Array.isArray(answer) ? answer[Math.min(asked[message.method], answer.length) - 1] : answer;
    if (line === undefined) continue;
    const version = message.params?.protocolVersion;
    // The arguments as written, to check that they are not changed.
    const written = /"arguments":(\{.*?\}),"_meta"/.exec(lines.find((line) => line.includes("tools/call")) ?? "")?.[1];
    write(
      line
        .replaceAll("$ID", String(message.id))
        .replaceAll("$VERSION", version)
        .replaceAll("$META", () => JSON.stringify(JSON.stringify(message.params?._meta ?? null)).slice(1, -1))
        .replaceAll("$WRITTEN", () => JSON.stringify(written ?? "").slice(1, -1)),
    );
  }
});
process.stdin.on("end", () => process.exit(0));
