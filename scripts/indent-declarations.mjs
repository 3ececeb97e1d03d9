import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

// Indents the declarations in dist with tabs instead of four spaces, which saves 4 % of their size.
for (const file of readdirSync("dist", { recursive: true, encoding: "utf8" })) {
  if (!file.endsWith(".d.ts")) continue;
  const name = path.join("dist", file);
  const text = readFileSync(name, "utf8");
  writeFileSync(
    name,
    text.replace(/^(?: {4})+/gm, (spaces) => "\t".repeat(spaces.length / 4)),
  );
}
