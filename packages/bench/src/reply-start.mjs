import { writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/**
 * A start of a program that imports a peer and takes one turn with it, as its own file among the peers does.
 *
 * @param {string} name of its file, which exports it
 * @param {string} subject
 * @param {string} folder where its packages are
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
    // What a library has left running is not waited for.
    "process.exit();",
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return { name: `${name}-reply`, subject: `${subject} and have one reply`, folder, args: [file] };
}
