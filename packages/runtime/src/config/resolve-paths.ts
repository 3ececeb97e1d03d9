import path from "node:path";
import type { MqttSettings, NanoAgentConfigFile, TriggerAnswer, TriggerSettings } from "@nanoagent/models";
import { modelNameIn } from "./resolve-model-name.js";

/** Returns the config with absolute paths: those in a file are relative to its folder. */
export function resolvePaths(config: NanoAgentConfigFile, folder: string): NanoAgentConfigFile {
  const resolve = (file: string) => path.resolve(folder, file);
  const { model_path, model_root, skills_dir, tools, mcp_servers, session, serve, triggers, mqtt } = config;
  const resolved = { ...config };
  if (model_path !== null && modelNameIn(model_path) === null) resolved.model_path = resolve(model_path);
  if (model_root !== undefined) resolved.model_root = resolve(model_root);
  if (skills_dir !== undefined) resolved.skills_dir = resolve(skills_dir);
  if (tools !== undefined) resolved.tools = tools.map((tool) => inFolder(tool, resolve));
  if (mcp_servers !== undefined) {
    const servers = Object.entries(mcp_servers).map(([name, server]) => [
      name,
      "command" in server ? inFolder(server, resolve) : server,
    ]);
    resolved.mcp_servers = Object.fromEntries(servers);
  }
  if (session !== undefined) resolved.session = { ...session, dir: resolve(session.dir) };
  if (serve?.tls !== undefined) {
    const { certificate_path, key_path } = serve.tls;
    const tls = { certificate_path: resolve(certificate_path), key_path: resolve(key_path) };
    resolved.serve = { ...serve, tls };
  }
  if (triggers !== undefined) resolved.triggers = triggers.map((trigger) => resolveTrigger(trigger, resolve));
  if (mqtt?.tls !== undefined) resolved.mqtt = { ...mqtt, tls: resolveTls(mqtt.tls, resolve) };
  return resolved;
}

type Resolve = (file: string) => string;

function inFolder<Settings extends { working_directory?: string | undefined }>(settings: Settings, resolve: Resolve) {
  return { ...settings, working_directory: resolve(settings.working_directory ?? ".") };
}

function resolveTrigger(trigger: TriggerSettings, resolve: Resolve): TriggerSettings {
  const resolved = { ...trigger };
  const { when } = trigger;
  if ("file" in when) resolved.when = { file: { ...when.file, path: resolve(when.file.path) } };
  if ("command" in when) resolved.when = inFolder(when, resolve);
  const answers = trigger.then;
  const answered = (answer: TriggerAnswer): TriggerAnswer => {
    if ("file" in answer) return { file: { path: resolve(answer.file.path) } };
    return "command" in answer ? inFolder(answer, resolve) : answer;
  };
  if (answers !== undefined) resolved.then = Array.isArray(answers) ? answers.map(answered) : answered(answers);
  return resolved;
}

function resolveTls(tls: NonNullable<MqttSettings["tls"]>, resolve: Resolve): NonNullable<MqttSettings["tls"]> {
  const files = Object.entries(tls).filter(([, file]) => file !== undefined);
  return Object.fromEntries(files.map(([name, file]) => [name, resolve(file)]));
}
