import { stat } from "node:fs/promises";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { type WalkBudget, walkFolder } from "../files/walk-folder.js";
import { isGgufPath, isRepository } from "../names/name-rules.js";
import type { FoundModels } from "./found-model.js";
import { groupFiles, type NamedFile } from "./group-files.js";

/** Most entries of a folder that are looked at. */
const MAX_ENTRIES = 50_000;
/** Files are at `org/repo/file.gguf`. */
const DEPTH = 3;

/** Lists the models in the folders of LM Studio. */
export async function listLmStudioFolders({
  lmStudioFolders,
}: Pick<HubEnvironment, "lmStudioFolders">): Promise<FoundModels> {
  const found: FoundModels = { models: [], notices: [] };
  for (const folder of lmStudioFolders) {
    const budget: WalkBudget = { entriesLeft: MAX_ENTRIES };
    const repositories = new Map<string, NamedFile[]>();
    for (const { path: file, relative } of await walkFolder(folder, DEPTH, budget)) {
      const [organization, repository, name] = relative.split("/");
      const key = `${organization}/${repository}`;
      if (name === undefined || !isGgufPath(name) || !isRepository(key)) continue;
      const status = await stat(file).catch(() => null);
      if (!status?.isFile()) continue;
      const entry = { path: file, bytes: status.size, mtimeMs: status.mtimeMs, sha256: null, gitSha1: null, name };
      repositories.set(key, [...(repositories.get(key) ?? []), entry]);
    }
    if (budget.entriesLeft <= 0) found.notices.push(`${folder} has more than ${MAX_ENTRIES} entries.`);
    for (const [repository, files] of repositories) {
      const { models, notices } = groupFiles(files);
      found.notices.push(...notices.map((notice) => `${repository}: ${notice}`));
      for (const { files, quantization } of models) {
        found.models.push({
          name: "",
          place: "lm-studio-folder",
          source: "lm-studio",
          repository,
          revision: null,
          references: [],
          file: files[0].name,
          quantization,
          files,
        });
      }
    }
  }
  return found;
}
