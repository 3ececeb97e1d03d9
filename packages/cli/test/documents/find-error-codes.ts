import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

/** Lower-case words joined by hyphens. Codes of the system (`ENOENT`), of zod (`invalid_union`) and of languages (`en`) differ. */
const ERROR_CODE = /^(?:[a-z]{4,}|[a-z]+(?:-[a-z]+)+)$/;

/**
 * Returns every error code that the sources of the packages in this folder name, each with the files that name it. A code
 * is a text that a property, parameter or variable called `code` has, a member of a type called `…Code`, or the first argument of a new
 * `…Error`.
 */
export function findErrorCodes(
  packagesFolder: string,
  packages: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const file of packages.flatMap((name) => sourcesOf(packagesFolder, name))) {
    const text = readFileSync(path.join(packagesFolder, file), "utf8");
    for (const code of new Set(codesIn(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)))) {
      found.set(code, [...(found.get(code) ?? []), file]);
    }
  }
  return found;
}

function sourcesOf(packagesFolder: string, name: string): string[] {
  return readdirSync(path.join(packagesFolder, name, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join(name, "src", file).replaceAll(path.sep, "/"))
    .sort();
}

function codesIn(source: ts.SourceFile): string[] {
  const codes: string[] = [];
  const visit = (node: ts.Node): void => {
    if (isNamedCode(node)) codes.push(...[initializerOf(node), node.type].flatMap(textsOf));
    else if (ts.isTypeAliasDeclaration(node) && node.name.text.endsWith("Code")) codes.push(...textsOf(node.type));
    else if (ts.isNewExpression(node) && /Error$/.test(node.expression.getText(source))) {
      // Without a hyphen it is a message or the name of a key.
      codes.push(...textsOf(node.arguments?.[0]).filter((text) => text.includes("-")));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return codes.filter((code) => ERROR_CODE.test(code));
}

type Named = (
  | ts.PropertyAssignment
  | ts.PropertySignature
  | ts.PropertyDeclaration
  | ts.ParameterDeclaration
  | ts.VariableDeclaration
) & {
  type?: ts.TypeNode;
};

function isNamedCode(node: ts.Node): node is Named {
  const isDeclaration =
    ts.isPropertyAssignment(node) ||
    ts.isPropertySignature(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isParameter(node) ||
    ts.isVariableDeclaration(node);
  return isDeclaration && ts.isIdentifier(node.name) && node.name.text === "code";
}

function initializerOf(node: Named): ts.Expression | undefined {
  return "initializer" in node ? node.initializer : undefined;
}

/** Texts that an expression can have the value of, or that a type has as members. Comparisons have no such value. */
function textsOf(node: ts.Node | undefined): string[] {
  if (node === undefined) return [];
  if (ts.isStringLiteral(node)) return [node.text];
  if (ts.isLiteralTypeNode(node)) return textsOf(node.literal);
  if (ts.isUnionTypeNode(node)) return node.types.flatMap(textsOf);
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse].flatMap(textsOf);
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return textsOf(node.expression);
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) {
    return [node.left, node.right].flatMap(textsOf);
  }
  return [];
}
