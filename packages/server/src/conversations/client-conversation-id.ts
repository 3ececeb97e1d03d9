/** Ids of the page and of voice assistants, and those that are changed. */
const TAKEN = /^(?:page|wyoming|external)-/;

/**
 * Returns the id of a conversation that a client of an API has named. It is never one of the page or of a voice assistant,
 * and differs for different names.
 */
export function clientConversationId(name: string): string {
  return TAKEN.test(name) ? `external-${name}` : name;
}
