import { findServices } from "@nanoagent/server";
import { describeExit } from "../../service/describe-exit.js";
import { runTool } from "../../service/run-tool.js";
import { Systemd } from "../../service/systemd.js";
import { describeHealth } from "../../status/show-status.js";
import { findInstalledUnits, type InstalledUnit } from "../installed-units.js";
import type { PartFacts } from "../report-section.js";

/** Gathers the status of the running services of this user, and the state of the units of nanoagent. */
export async function gatherServices(signal: AbortSignal): Promise<PartFacts> {
  const [found, installed] = await Promise.all([findServices(), findInstalledUnits()]);
  const units = await Promise.all(installed.map((unit) => describeUnit(unit, signal)));
  const running = found.flatMap(({ status }) => (status === null ? [] : [status]));
  const silent = found.length - running.length;
  const states = [
    ...running.map(({ name, health }) => `${name}: ${describeHealth(health)}`),
    ...(silent === 0 ? [] : [`${silent} without an answer`]),
    ...units.map(({ unit, state }) => `${unit} is ${state}`),
  ];
  return { summary: states.join("; ") || "none runs", data: { services: running, unanswered: silent, units } };
}

async function describeUnit({ unit, isUser, file, facts }: InstalledUnit, signal: AbortSignal) {
  const about = { unit, manager: isUser ? "user" : "system", file, ...facts };
  try {
    const systemd = new Systemd(isUser, (program, args, options) => runTool(program, args, { ...options, signal }));
    const { active, ...state } = await systemd.show(unit);
    const why = describeExit(state);
    return { ...about, state: why === null ? active : `${active}: ${why}`, ...state };
  } catch (error) {
    return { ...about, state: "unknown", error: error instanceof Error ? error.message : String(error) };
  }
}
