// Holds the list of shortened member names (scripts/build-package.mjs) against everything that somebody outside names too.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type * as TypeScript from "typescript";
import { readText, repositoryUrl } from "./repository.js";

const [, list = ""] = /INTERNAL_NAMES =\s*"([^"]+)"/.exec(readText("scripts/build-package.mjs")) ?? [];
const names = list.split(" ");

const wordsOf = (code: string) => new Set(code.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "").match(/[A-Za-z_$][\w$]*/g));

/** The members of the interfaces that a module stores as JSON. */
function storedBy(module: string): string {
  const interfaces = /^(?:export )?interface (?:Stored|Identity|Flag|PageAddress|Window)\b[^{]*\{.*?^\}/gms;
  return (readText(`js/src/${module}.ts`).match(interfaces) ?? []).join("\n");
}

const js = fileURLToPath(repositoryUrl("js/"));
const ts: typeof TypeScript = createRequire(`${js}package.json`)("typescript");

/** The members with a shortened name that `node` reads or writes, and where they are declared. */
function membersOf(node: TypeScript.Node, checker: TypeScript.TypeChecker): [string, string[]][] {
  const found: [TypeScript.Node, string, TypeScript.Symbol | undefined][] = [];
  if (ts.isPropertyAccessExpression(node)) found.push([node, node.name.text, checker.getSymbolAtLocation(node.name)]);
  if (ts.isBindingElement(node)) {
    const name = (node.propertyName ?? node.name).getText();
    found.push([node, name, checker.getTypeAtLocation(node.parent).getProperty(name)]);
  }
  if (ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node)) {
    const name = node.name.getText();
    found.push([node, name, checker.getContextualType(node.parent)?.getProperty(name)]);
  }
  return found
    .filter(([, name]) => names.includes(name))
    .map(([, name, symbol]) => [name, (symbol?.declarations ?? []).map((one) => one.getSourceFile().fileName)]);
}

test("a shortened name is always a member of ours, never one of the browser's that is called the same", () => {
  const { config } = ts.readConfigFile(`${js}tsconfig.json`, ts.sys.readFile);
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, js);
  const program = ts.createProgram(fileNames, options);
  const checker = program.getTypeChecker();
  const used = new Set<string>();
  for (const file of program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(`${js}src/`))) {
    const visit = (node: TypeScript.Node): void => {
      for (const [name, declaredIn] of membersOf(node, checker)) {
        used.add(name);
        const isOurs = declaredIn.every((path) => path.startsWith(`${js}src/`) && !path.endsWith("/types.ts"));
        assert.ok(isOurs, `${name} in ${file.fileName} is declared in ${declaredIn}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  assert.deepEqual(
    names.filter((name) => !used.has(name)),
    [],
    "names that name nothing any more",
  );
});

test("a shortened name is none that a page, a server, the engine or storage knows", () => {
  assert.ok(names.length > 40 && names.includes("askedMs"));
  const outside = {
    types: readText("js/src/types.ts"),
    tracker: (readText("js/src/tracker.ts").match(/^ {2}(?:async |get |readonly )?\w+(?=[(<:])/gm) ?? []).join("\n"),
    endpoint: /export interface FlagDetail[\s\S]*?^\}[\s\S]*?^\}/m.exec(readText("js/src/flags-request.ts"))?.[0] ?? "",
    engine: readText("src/browser/page_side.rs").replace(/js_name = /g, ""),
    ...Object.fromEntries(
      ["identity", "session", "super-properties", "flag-cache", "page-address"].map((module) => [
        module,
        storedBy(module),
      ]),
    ),
  };
  for (const [who, code] of Object.entries(outside)) {
    assert.ok(code.length > 0, `${who} has nothing to compare with`);
    const words = wordsOf(code);
    const shared = names.filter((name) => words.has(name));
    assert.deepEqual(shared, [], who);
  }
});
