/** Longest topic or filter, in bytes of UTF-8. */
const MAX_TOPIC_BYTES = 65_535;
/** Beginning of a filter that several clients share. */
const SHARED_PREFIX = "$share/";

/** Whether a filter with `+` and `#` matches a topic. A wildcard at the beginning does not match topics with `$`. */
export function matchesFilter(filter: string, topic: string): boolean {
  return covers(filter.split("/"), topic.split("/"));
}

/** Returns a test for topics, given as their levels. */
export function levelMatcher(filter: string): (topic: readonly string[]) => boolean {
  const levels = filter.split("/");
  return (topic) => covers(levels, topic);
}

/** Returns why a filter cannot be subscribed to, as one sentence, or null if it can. */
export function findFilterIssue(filter: string): string | null {
  const issue = findTextIssue(filter);
  if (issue !== null) return issue;
  if (filter.startsWith(SHARED_PREFIX))
    return `Shared subscriptions are not supported; use the topic alone, ${quote(filter.split("/").slice(2).join("/"))}.`;
  const levels = filter.split("/");
  const place = levels.findIndex((level) => /[+#]/.test(level) && level.length > 1);
  if (place >= 0) return `The level ${quote(levels[place] ?? "")} mixes a wildcard with text; + and # stand alone.`;
  const many = levels.indexOf("#");
  return many >= 0 && many < levels.length - 1 ? "The wildcard # can only be the last level." : null;
}

/** Returns why nothing can be sent to a topic, as one sentence, or null if it can. */
export function findTopicIssue(topic: string): string | null {
  const issue = findTextIssue(topic);
  if (issue !== null) return issue;
  if (/[+#]/.test(topic)) return "A topic for messages cannot contain the wildcards + and #.";
  return topic.startsWith("$") ? "Topics that begin with $ belong to the broker." : null;
}

function findTextIssue(text: string): string | null {
  if (text === "") return "The topic is empty.";
  if (text.includes("\0") || /\p{Surrogate}/u.test(text))
    return "The topic contains a character that MQTT does not allow.";
  if (new TextEncoder().encode(text).length > MAX_TOPIC_BYTES) return "The topic is longer than 65,535 bytes.";
  return null;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

/**
 * Returns filters that together match at least the topics of the given ones, so that no topic matches two of them. A
 * broker may send a message once for each filter that matches it, and these copies look like different messages.
 */
export function disjointFilters(filters: Iterable<string>): string[] {
  const disjoint = [...new Set(filters)];
  for (let place = 0; place < disjoint.length; place++) {
    const filter = disjoint[place] as string;
    const other = disjoint.findIndex((candidate, index) => index < place && overlaps(candidate, filter));
    if (other < 0) continue;
    const joined = join(disjoint[other] as string, filter);
    disjoint.splice(place, 1);
    disjoint[other] = joined;
    // The joined filter may overlap with others.
    place = -1;
  }
  return disjoint;
}

/** Whether some topic matches both filters. */
function overlaps(one: string, other: string): boolean {
  const [left, right] = [one.split("/"), other.split("/")];
  for (let place = 0; ; place++) {
    const [a, b] = [left[place], right[place]];
    if (a === undefined && b === undefined) return true;
    if (place === 0 && isWildcard(a) !== isWildcard(b) && (a?.startsWith("$") || b?.startsWith("$"))) return false;
    if (a === "#" || b === "#") return true;
    if (a === undefined || b === undefined || (a !== b && a !== "+" && b !== "+")) return false;
  }
}

/** Whether the first filter, in levels, matches every topic that the second one matches. A topic is a filter without wildcards. */
function covers(left: readonly string[], right: readonly string[]): boolean {
  for (let place = 0; ; place++) {
    const a = left[place];
    const b = right[place];
    if (a === undefined && b === undefined) return true;
    if (place === 0 && isWildcard(a) && b?.startsWith("$")) return false;
    if (a === "#") return true;
    if (a === undefined || b === undefined || b === "#" || (a !== b && a !== "+")) return false;
  }
}

/** Returns the narrowest filter that covers two filters that overlap. */
function join(one: string, other: string): string {
  const [left, right] = [one.split("/"), other.split("/")];
  if (covers(left, right)) return one;
  if (covers(right, left)) return other;
  const joined: string[] = [];
  for (let place = 0; place < Math.max(left.length, right.length); place++) {
    const [a, b] = [left[place], right[place]];
    if (a === undefined || b === undefined || a === "#" || b === "#") return [...joined, "#"].join("/");
    joined.push(a === b ? a : "+");
  }
  return joined.join("/");
}

function isWildcard(level: string | undefined): boolean {
  return level === "+" || level === "#";
}
