// A command that misbehaves in the way given by its argument.
import { spawn } from "node:child_process";

const ways = {
  deep: () => process.stdout.write(`${"[".repeat(2000)}${"]".repeat(2000)}`),
  "deep-object": () => process.stdout.write(`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`),
  endless: () => setInterval(() => process.stdout.write("x".repeat(65_536)), 1),
  silent: () => setInterval(() => {}, 1000),
  stubborn: () => {
    process.on("SIGTERM", () => {});
    setInterval(() => {}, 1000);
  },
  binary: () => process.stdout.write(Buffer.from(Array.from({ length: 4096 }, (_, index) => index % 256))),
  numbers: () => process.stdout.write('{"serial": 9007199254740993, "big": 1e999, "price": 1.10}'),
  controls: () => process.stdout.write("\u001b[2J\u202eevil\u0007"),
  half: () => process.stdout.write(Buffer.from([0x61, 0xe2, 0x82])),
  crash: () => process.kill(process.pid, "SIGSEGV"),
  fail: () => process.exit(3),
  many: () => process.stdout.write(JSON.stringify(Array.from({ length: 100_000 }, () => ({})))),
  orphan: () => {
    spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], { detached: true, stdio: "inherit" }).unref();
    process.stdout.write("gone");
    process.exit(0);
  },
  memory: () => {
    const held = [];
    for (let megabytes = 0; megabytes < 600; megabytes++) held.push(Buffer.alloc(2 ** 20, 1));
    process.stdout.write(`held ${held.length}`);
  },
  nothing: () => {},
};

ways[process.argv[2]]();
