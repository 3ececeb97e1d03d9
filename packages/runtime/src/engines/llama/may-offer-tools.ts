import type { NanoAgentConfig } from "@nanoagent/models";

/** Whether an agent may offer tools to its model: a command or server enabled by a capability, or a skill. */
export function mayOfferTools({ spec, tools = [], mcp_servers = {}, skills_dir }: NanoAgentConfig): boolean {
  const isOn = (name: string) => spec.capabilities.includes(name);
  return (
    skills_dir !== undefined ||
    tools.some(({ name, permission }) => isOn(name) && permission !== "never") ||
    // A capability enables a server's tools by the server's name or by a tool's name.
    Object.keys(mcp_servers).some((server) => spec.capabilities.some((capability) => capability.startsWith(server)))
  );
}
