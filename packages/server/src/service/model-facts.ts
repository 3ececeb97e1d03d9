import { stat } from "node:fs/promises";
import type { FitPlan } from "@nanoagent/models";
import type { Agent } from "@nanoagent/runtime";
import type { ServedModelFile } from "./served-agent.js";

/** Returns the facts of the agent's model file, or null for an agent without one. Never rejects. */
export async function readModelFile(agent: Agent): Promise<ServedModelFile | null> {
  const file = agent.config.model_path;
  if (file === null) return null;
  const [report, status] = await Promise.all([agent.memory().catch(() => null), stat(file).catch(() => null)]);
  const model = report?.engine?.plan?.model ?? null;
  return {
    bytes: model?.file_bytes ?? status?.size ?? 0,
    modifiedAt: status?.mtime ?? new Date(0),
    architecture: model?.architecture ?? null,
    quantization: model === null ? null : mainType(model.tensors_by_type),
  };
}

/** Returns the id of an agent's model alone, or null for an agent that answers by rules. */
export function bareModelId({ engine: { name }, config }: Agent): string | null {
  const { engine, model_path: file, spec } = config;
  if (name === "rules") return null;
  const id = (engine?.model ?? (file === null ? name : nameOfFile(file))).replace(/:latest$/, "");
  return id === spec.name ? `${id}-model` : id;
}

function nameOfFile(file: string): string {
  const name = file.split(/[/\\]/).at(-1) ?? file;
  return name.replace(/\.gguf$/i, "").replace(/-00001-of-\d{5}$/, "");
}

/** The storage type with the most bytes, in the field's spelling: `Q4_K`, `F16`. */
function mainType(types: FitPlan["model"]["tensors_by_type"]): string | null {
  const [main] = Object.entries(types).sort(([, one], [, other]) => other.bytes - one.bytes);
  return main?.[0].toUpperCase() ?? null;
}
