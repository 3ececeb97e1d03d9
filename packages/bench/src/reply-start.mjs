import { writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Returns a start that imports a peer and runs one turn with it, as the peer's file in `peers/` does.
 *
 * @param {string} name of the peer's file, which exports it
 * @param {string} subject
 * @param {string} folder with its packages
 * @returns {import("./measure-starts.mjs").Start}
 */
export function replyStart(name, subject, folder) {
  const module = fileURLToPath(new URL(`./peers/${name}.mjs`, import.meta.url));
  const exported = name.replaceAll(/-(\w)/g, (_, letter) => letter.toUpperCase());
  const file = path.join(folder, `reply-${name}.mjs`);
  const lines = [
    `import { ${exported} as peer } from ${JSON.stringify(module)};`,
    "const talk = await peer.openTurns((specifier) => import(specifier));",
    `await talk.ask("hello");`,
    // Does not wait for anything that the library left running.
    "process.exit();",
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return { name: `${name}-reply`, subject: `${subject} and get one reply`, folder, args: [file] };
}
