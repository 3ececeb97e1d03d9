import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { ServicePlace } from "./service-place.js";
import type { Systemd } from "./systemd.js";
import { UNIT_MARK } from "./unit-file.js";

/**
 * Lets the systemd of this user run from boot on, also when nobody is logged in, and notes it for the removal. Returns
 * whether it does.
 */
export async function turnOnLinger({ lingerMark }: ServicePlace, { run }: Systemd): Promise<boolean> {
  const { username } = os.userInfo();
  const shown = await run("loginctl", ["show-user", username, "--property=Linger", "--value"]).catch(() => null);
  if (shown?.stdout.trim() === "yes") return true;
  const turned = await run("loginctl", ["enable-linger"]).catch(() => null);
  if (turned?.exitCode !== 0) return false;
  await mkdir(path.dirname(lingerMark), { recursive: true, mode: 0o700 });
  await writeFile(lingerMark, "");
  return true;
}

/** Turns lingering off if `install` turned it on and no other service of this user needs it. Returns whether it did. */
export async function turnOffLinger(place: ServicePlace, { run }: Systemd): Promise<boolean> {
  const { lingerMark, unitFile } = place;
  const folder = path.dirname(unitFile);
  const others: string[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith(".service") || name === place.unit) continue;
    const text = await readFile(path.join(folder, name), "utf8").catch(() => "");
    if (text.startsWith(UNIT_MARK)) others.push(name.slice(0, -".service".length));
  }
  const [other] = others;
  if (other !== undefined) {
    // The last of them turns it off.
    await rename(lingerMark, path.join(path.dirname(lingerMark), `${other}.linger`)).catch(() => {});
    return false;
  }
  const isOurs = await rm(lingerMark).then(
    () => true,
    () => false,
  );
  if (!isOurs) return false;
  const { exitCode } = await run("loginctl", ["disable-linger"]).catch(() => ({ exitCode: 1 }));
  return exitCode === 0;
}
