import { chooseFiles } from "../sources/choose-files.js";
import { leftOutNotices } from "../sources/left-out-notices.js";
import type { FoundFile } from "./found-model.js";

/** A file with its name in the repository. */
export interface NamedFile extends FoundFile {
  /** Path in the repository, with slashes. */
  name: string;
  /** Real path of the contents, where the file is a link. */
  contents?: string;
}

export interface GroupedModel {
  quantization: string | null;
  files: readonly [NamedFile, ...NamedFile[]];
}

/**
 * Groups the files of a folder by the rules of {@link chooseFiles}: split models are one, side files such as projectors
 * are left out. Split models with missing parts are left out with a notice.
 */
export function groupFiles(files: readonly NamedFile[]): { models: GroupedModel[]; notices: string[] } {
  const { models, leftOut } = chooseFiles(files.map((file) => ({ path: file.name, bytes: file.bytes, file })));
  return {
    models: models.map(({ quantization, files: [first, ...parts] }) => ({
      quantization,
      files: [first.file, ...parts.map(({ file }) => file)],
    })),
    notices: leftOutNotices(leftOut.filter(({ reason }) => reason === "incomplete-split")),
  };
}
