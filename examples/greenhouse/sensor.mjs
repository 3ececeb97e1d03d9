// Reads a sensor, and prints what it measures as JSON: sensor.mjs climate | bed NAME
import { bedOf, climateOf, readGreenhouse } from "./greenhouse.mjs";

try {
  const [what, bed, ...rest] = process.argv.slice(2);
  const isRight = rest.length === 0 && (what === "climate" ? bed === undefined : what === "bed" && bed !== undefined);
  if (!isRight) throw new Error("wrong arguments. Usage: sensor.mjs climate | bed NAME");
  const greenhouse = readGreenhouse();
  console.log(JSON.stringify(what === "climate" ? climateOf(greenhouse) : bedOf(greenhouse, bed)));
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
