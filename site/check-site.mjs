import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

/** Ways in which a file of the site could load something: the address is in a group. */
const loads = {
  ".html": [
    /<(?:script|img|iframe|source|audio|video|embed|object)\b[^>]*?\b(?:src|data|srcset)="([^"]*)"/g,
    /<link\b[^>]*?\bhref="([^"]*)"/g,
    /\bstyle="[^"]*url\(([^)]*)\)/g,
  ],
  ".css": [/@import\s+(?:url\()?["']?([^"');]*)/g, /url\(\s*["']?([^"')]*)/g],
  ".js": [
    /\b(?:fetch|import|importScripts|sendBeacon|open)\(\s*["'`]([^"'`]*)["'`]/g,
    /new (?:Worker|SharedWorker|WebSocket|EventSource|Image)\(\s*["'`]([^"'`]*)/g,
    /\bfrom\s*["']([^"']*)["']/g,
    /\.(?:src|href)\s*=\s*["'`](https?:[^"'`]*)/g,
  ],
};

/** Throws if a file of the built site loads anything from another host. Links that a person may follow are fine. */
export function checkSite(folder) {
  const foreign = [];
  let bytes = 0;
  let count = 0;
  for (const file of readdirSync(folder, { recursive: true }).map((name) => path.join(folder, name))) {
    if (!statSync(file).isFile()) continue;
    bytes += statSync(file).size;
    count += 1;
    for (const pattern of loads[path.extname(file)] ?? []) {
      for (const [, address] of readFileSync(file, "utf8").matchAll(pattern)) {
        if (/^\s*(?:https?:|wss?:|\/\/)/.test(address)) foreign.push(`${path.relative(folder, file)}: ${address}`);
      }
    }
  }
  if (foreign.length > 0) throw new Error(`The site loads from other hosts:\n${foreign.join("\n")}`);
  console.log(`${count} files, ${(bytes / 2 ** 20).toFixed(1)} MB; nothing is loaded from another host`);
}
