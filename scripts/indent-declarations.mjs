import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

// Indents the declarations in dist by tabs: four spaces a level are 4 % of them, and small is the product.
for (const file of readdirSync("dist", { recursive: true, encoding: "utf8" })) {
  if (!file.endsWith(".d.ts")) continue;
  const name = path.join("dist", file);
  const text = readFileSync(name, "utf8");
  writeFileSync(
    name,
    text.replace(/^(?: {4})+/gm, (spaces) => "\t".repeat(spaces.length / 4)),
  );
}
