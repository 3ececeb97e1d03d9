/**
 * Pages of the site by group, with their titles in the navigation. Paths are those of the repository; a folder stands for
 * all of its pages. What does not exist is left out.
 */
export const navigation = [
  {
    text: "Guide",
    pages: {
      "README.md": "Overview",
      "docs/getting-started.md": "Getting started",
      "docs/terminal.md": "Talking to an agent",
      "docs/models.md": "Getting models",
      "docs/models-and-memory.md": "Models and memory",
      "docs/local-models.md": "Local models",
      "docs/intents.md": "Intents",
      "docs/tools.md": "Tools and MCP servers",
      "docs/skills.md": "Skills",
      "docs/sessions.md": "Sessions",
      "docs/embedding.md": "In your own program",
      "docs/serve.md": "For other programs",
      "docs/page.md": "The page",
      "docs/triggers.md": "Triggers",
      "docs/mqtt.md": "MQTT and Home Assistant",
      "docs/voice.md": "Voice assistants",
      "docs/metrics.md": "Figures",
      "docs/service.md": "As a service",
      "docs/files-and-secrets.md": "Files and secrets",
      "docs/upgrades.md": "Upgrades",
      "docs/doctor.md": "A report for a bug",
      "docs/containers.md": "Containers",
      "docs/systems.md": "Systems",
      "examples/": "Examples",
    },
  },
  {
    text: "Reference",
    pages: {
      "docs/config.md": "Config",
      "docs/command-line.md": "Command line",
      "docs/troubleshooting.md": "Troubleshooting",
      "docs/replies.md": "Replies",
      "docs/tool-calls.md": "Tool calls of models",
      "docs/model-files.md": "Model files",
      "docs/servers.md": "Servers as engines",
      "docs/devices.md": "Devices",
      "docs/eval.md": "Eval",
      "docs/benchmarks.md": "Benchmarks",
      "api/index.md": "API",
    },
  },
  {
    text: "About",
    pages: {
      "docs/glossary.md": "Glossary",
      "docs/decisions/": "Decisions",
      "SECURITY.md": "Security",
      "ARCHITECTURE.md": "Architecture",
      "packages/": "Packages",
      "CONTRIBUTING.md": "Contributing",
      "docs/README.md": "All documents",
    },
  },
];
