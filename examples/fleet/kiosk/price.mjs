// Prints what a ticket costs: price.mjs KIND
const prices = { adult: "8 €", child: "4 €", family: "18 €" };

const [kind] = process.argv.slice(2);
if (kind === undefined || !Object.hasOwn(prices, kind)) {
  console.error(`error: ${kind === undefined ? "Usage: price.mjs KIND" : `unknown kind "${kind}"`}`);
  process.exit(1);
}
console.log(`A ticket for ${kind === "adult" ? "an adult" : `a ${kind}`} costs ${prices[kind]}.`);
