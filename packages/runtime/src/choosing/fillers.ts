/** Words of more than three letters without a meaning of their own. */
const fillers = new Set(
  "less fewer longer shorter higher lower weniger moins menos meno anche aussi también auch same otro otra altro altra autre please could would should with from that this there here have need want like just also then back again more some into over until make turn switch what which when where your bitte kannst könntest möchte einen eine dann noch auch nicht wieder dass sind wird peux pouvez dans pour avec plaît quel quelle encore favor puedes para está cuál ahora favore puoi della nella sono quale ancora adesso".split(
    " ",
  ),
);

export function isFiller(word: string): boolean {
  return fillers.has(word);
}
