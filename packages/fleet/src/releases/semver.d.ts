// The functions of semver that are used. Its own declarations are another package.

declare module "semver/functions/satisfies.js" {
  function satisfies(version: string, range: string, options?: { includePrerelease?: boolean }): boolean;
  export = satisfies;
}

declare module "semver/ranges/valid.js" {
  function validRange(range: string): string | null;
  export = validRange;
}
