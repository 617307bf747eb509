// How long functions are. A function that only holds others (a factory returning an object of methods) is as long as
// its own lines: those of the functions inside are theirs. Blank lines and comments are free.
import ts from "typescript";

export interface FunctionSize {
  name: string;
  /** 1-based line of its start. */
  line: number;
  /** Lines with code that belong to no function inside it. */
  lines: number;
}

/** The functions in a source text with more than `limit` lines of their own. */
export function longFunctions(path: string, text: string, limit: number): FunctionSize[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const owners = ownersOfLines(source);
  const sizes = new Map<ts.Node, number>();
  for (const owner of owners.values()) sizes.set(owner, (sizes.get(owner) ?? 0) + 1);
  return [...sizes]
    .filter(([, lines]) => lines > limit)
    .map(([node, lines]) => ({ name: nameOf(node), line: lineAt(source, node.getStart(source)) + 1, lines }));
}

function lineAt(source: ts.SourceFile, position: number): number {
  return source.getLineAndCharacterOfPosition(position).line;
}

/** For each line with code inside a function, the innermost function that its first token belongs to. */
function ownersOfLines(source: ts.SourceFile): Map<number, ts.Node> {
  const owners = new Map<number, ts.Node>();
  const visit = (node: ts.Node, owner: ts.Node | undefined): void => {
    const inner = ts.isFunctionLike(node) && "body" in node && node.body ? node : owner;
    if (node.getChildCount(source) === 0 && owner) {
      for (
        let line = lineAt(source, node.getStart(source));
        line <= lineAt(source, node.getEnd());
        line += 1
      ) {
        if (!owners.has(line)) owners.set(line, owner);
      }
    }
    for (const child of node.getChildren(source)) visit(child, inner);
  };
  visit(source, undefined);
  return owners;
}

function nameOf(node: ts.Node): string {
  const named = node as ts.FunctionLikeDeclaration;
  if (named.name) return named.name.getText();
  const { parent } = node;
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)
    ? parent.name.getText()
    : "a function";
}
