import { existsSync } from "node:fs";
import path from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Returns the path of a Chromium: that of PLAYWRIGHT_CHROMIUM, or the system's. Null if there is none. */
export function findBrowser(): string | null {
  const named = process.env.PLAYWRIGHT_CHROMIUM;
  if (named !== undefined && named !== "") return named;
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  const paths = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  return paths.find((file) => existsSync(file)) ?? null;
}
