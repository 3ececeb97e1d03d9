import { findServices } from "@nanoagent/server";
import { describeHealth } from "../../status/show-status.js";
import type { PartFacts } from "../report-section.js";

/** Gathers the status of the running services of this user, as `nanoagent status` shows it. */
export async function gatherServices(): Promise<PartFacts> {
  const found = await findServices();
  const running = found.flatMap(({ status }) => (status === null ? [] : [status]));
  const silent = found.length - running.length;
  const states = running.map(({ name, health }) => `${name}: ${describeHealth(health)}`);
  const summary = [...states, ...(silent === 0 ? [] : [`${silent} without an answer`])].join("; ");
  return { summary: summary || "none runs", data: { services: running, unanswered: silent } };
}
