import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { readConfig } from "@nanoagent/runtime/node";
import { describe, expect, test } from "vitest";
import { parseAllDocuments, parse as parseYaml } from "yaml";
import { repository } from "../run-program.js";

const examples = path.join(repository, "examples/containers");
const read = (...names: string[]) => readFile(path.join(repository, ...names), "utf8");

interface Manifest {
  kind: string;
  data?: Record<string, string>;
  spec?: { template?: { spec: { securityContext: object; containers: { resources: object }[] } } };
}

describe("examples/containers", () => {
  test("has a valid config, also in the manifest", async () => {
    await expect(readConfig(path.join(examples, "agent.yaml"))).resolves.toMatchObject({ spec: { name: "kiosk" } });
    const [configMap] = await manifests();
    const file = path.join(tmpdir(), `nanoagent-manifest-${process.pid}.yaml`);
    await writeFile(file, configMap?.data?.["agent.yaml"] ?? "");
    await expect(readConfig(file)).resolves.toMatchObject({ spec: { max_memory_mb: 400 } });
  });

  test("has a manifest that requests as much memory as its limit, and no privileges", async () => {
    const all = await manifests();
    expect(all.map(({ kind }) => kind)).toEqual(["ConfigMap", "PersistentVolumeClaim", "Deployment"]);
    const pod = all.at(-1)?.spec?.template?.spec;
    expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65_532 });
    expect(pod?.containers).toMatchObject([
      {
        stdin: true,
        securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
        resources: { requests: { memory: "512Mi" }, limits: { memory: "512Mi" } },
      },
    ]);
  });

  test("has a compose file that builds an existing recipe", async () => {
    const { services } = parseYaml(await readFile(path.join(examples, "compose.yaml"), "utf8"));
    const { build, ...settings } = services.nanoagent;
    await expect(readFile(path.join(examples, build.context, build.dockerfile), "utf8")).resolves.toMatch(/^FROM /m);
    expect(settings).toMatchObject({ stdin_open: true, read_only: true, mem_limit: "512m", memswap_limit: "512m" });
  });
});

describe("container/", () => {
  test.each(["Containerfile", "Containerfile.distroless"])(
    "%s installs these versions for a user other than root",
    async (name) => {
      const recipe = await read("container", name);
      const { version } = JSON.parse(await read("packages/cli/package.json"));
      const { peerDependencies } = JSON.parse(await read("packages/runtime/package.json"));
      expect(recipe).toContain(`ARG NANOAGENT_VERSION=${version}\n`);
      expect(recipe).toContain(`ARG LLAMA_VERSION=${peerDependencies["@node-llama-cpp/linux-x64"]}\n`);
      expect(recipe).toContain("USER 65532:65532\n");
      expect(recipe).toContain("STOPSIGNAL SIGTERM\n");
    },
  );
});

async function manifests(): Promise<Manifest[]> {
  const documents = parseAllDocuments(await readFile(path.join(examples, "kubernetes.yaml"), "utf8"));
  return documents.map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  });
}
