import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { importOwn } from "./own-packages.mjs";

// Child process: `node read-header.mjs FOLDER` measures reading the header of a model with 262,144 tokens. With WRITE
// as a second argument, it writes the file first. Prints a row as JSON.

const [folder = tmpdir(), write] = process.argv.slice(2);
const file = path.join(folder, "vocabulary.gguf");
if (write !== undefined) {
  const { writeKnownModel } = await importOwn("@nanoagent/optimizer/testing");
  rmSync(file, { force: true });
  await writeKnownModel(file, "Gemma-3-270M");
} else {
  const { readGguf } = await importOwn("@nanoagent/optimizer");
  const memory = () => process.memoryUsage.rss();
  const before = memory();
  const start = performance.now();
  const header = await readGguf(file);
  const first = performance.now() - start;
  const taken = memory() - before;
  const again = performance.now();
  await readGguf(file);
  process.stdout.write(
    `${JSON.stringify({
      header_bytes: header.data_offset,
      milliseconds: first,
      milliseconds_again: performance.now() - again,
      grown_bytes: taken,
    })}\n`,
  );
}
