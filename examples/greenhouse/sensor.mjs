// Prints what a sensor reads, as JSON: sensor.mjs climate | bed NAME
import { bedOf, climateOf, readGreenhouse } from "./greenhouse.mjs";

const [what, bed] = process.argv.slice(2);
const read = { climate: climateOf, bed: (greenhouse) => bedOf(greenhouse, bed) }[what];
console.log(JSON.stringify(read(readGreenhouse())));
