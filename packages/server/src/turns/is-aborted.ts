import type { NanoAgentError } from "@nanoagent/models";

/** Whether a turn was ended by its client, or by the service when it stopped. */
export function isAborted({ code }: NanoAgentError): boolean {
  return code === "aborted" || code === "service-stopping";
}
