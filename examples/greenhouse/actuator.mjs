// Moves something, and prints how it is then, as JSON: actuator.mjs vent open|closed | water BED MINUTES
import { act, climateOf, water } from "./greenhouse.mjs";

const [what, ...given] = process.argv.slice(2);
const moves = {
  vent(greenhouse, position) {
    greenhouse.vent = position;
    return climateOf(greenhouse);
  },
  water: (greenhouse, bed, minutes) => water(greenhouse, bed, Number(minutes)),
};
console.log(JSON.stringify(act((greenhouse) => moves[what](greenhouse, ...given))));
