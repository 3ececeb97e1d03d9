// Moves the vent or waters a bed, and prints the state after it as JSON: actuator.mjs vent open|closed | water BED MINUTES
import { act, moveVent, water } from "./greenhouse.mjs";

try {
  const [what, ...given] = process.argv.slice(2);
  console.log(JSON.stringify(act(changeOf(what, given))));
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

function changeOf(what, given) {
  if (what === "vent" && given.length === 1) return (greenhouse) => moveVent(greenhouse, given[0]);
  if (what === "water" && given.length === 2) return (greenhouse) => water(greenhouse, given[0], Number(given[1]));
  throw new Error("wrong arguments. Usage: actuator.mjs vent open|closed | water BED MINUTES");
}
