import type { NanoAgentConfig } from "@nanoagent/models";

/** Whether an agent may offer its model a tool: a command or server that a capability switches on, or a skill to read. */
export function mayOfferTools({ spec, tools = [], mcp_servers = {}, skills_dir }: NanoAgentConfig): boolean {
  const isOn = (name: string) => spec.capabilities.includes(name);
  return (
    skills_dir !== undefined ||
    tools.some(({ name, permission }) => isOn(name) && permission !== "never") ||
    // A server's tools are switched on by its name, or by their own.
    Object.keys(mcp_servers).some((server) => spec.capabilities.some((capability) => capability.startsWith(server)))
  );
}
