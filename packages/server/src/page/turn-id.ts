const TURN_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a browser may give this id to a turn: a UUID in lower case. */
export function isTurnId(id: unknown): id is string {
  return typeof id === "string" && TURN_ID.test(id);
}
