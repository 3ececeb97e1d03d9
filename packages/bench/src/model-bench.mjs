import { linkAddon } from "./engine/link-addon.mjs";
import { localModels } from "./local-models.mjs";

/** @typedef {import("./engine/measure-replies.mjs").Replier} Replier */
/** @typedef {ReturnType<typeof localModels>[number]} FoundModel */

/**
 * Resources that all questions about local models share.
 *
 * @typedef {object} ModelBench
 * @property {import("./workbench.mjs").Workbench} workbench
 * @property {import("./installations.mjs").OwnFolders} folders
 * @property {{ libraries: string, addonPackage: string, llamaServer?: string, nodeLlamaCpp?: string }} paths
 * @property {{ pairs: number, variables: Record<string, string> }} options
 * @property {(question: string) => FoundModel[]} models existing models for which the options ask for a question
 * @property {(figure: string) => boolean} isWanted
 * @property {(threads: number) => Replier[]} repliers peers that can be measured
 * @property {(what: string) => void} progress
 */

/**
 * @param {object} options
 * @param {import("./workbench.mjs").Workbench} options.workbench
 * @param {import("./installations.mjs").OwnFolders} options.folders
 * @param {number} options.pairs
 * @param {string | undefined} options.llamaServer
 * @param {string | undefined} options.nodeLlamaCpp
 * @param {(figure: string) => boolean} options.isWanted
 * @param {(what: string) => void} options.progress
 * @returns {Promise<ModelBench>}
 */
export async function openModelBench({ workbench, folders, pairs, llamaServer, nodeLlamaCpp, isWanted, progress }) {
  const addonPackage = await linkAddon(folders.libraries, [folders.cli]);
  const paths = {
    libraries: folders.libraries,
    addonPackage,
    ...(llamaServer === undefined ? {} : { llamaServer }),
    ...(nodeLlamaCpp === undefined ? {} : { nodeLlamaCpp }),
  };
  return {
    workbench,
    folders,
    paths,
    // Empty folders, so that nothing from earlier runs is used.
    options: {
      pairs,
      variables: { XDG_STATE_HOME: workbench.makeFolder("state"), XDG_CACHE_HOME: workbench.makeFolder("cache") },
    },
    models: (question) => localModels().filter(({ name, isThere }) => isThere && isWanted(`${question}/${name}`)),
    isWanted,
    repliers: (threads) => [
      ...(llamaServer === undefined
        ? []
        : [/** @type {Replier} */ ({ name: "llama-server", program: "llama-server", threads })]),
      ...(nodeLlamaCpp === undefined
        ? []
        : [/** @type {Replier} */ ({ name: "node-llama-cpp", program: "node-llama-cpp", threads })]),
    ],
    progress,
  };
}
