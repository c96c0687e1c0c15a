import { json, jsonParseLinter } from '@codemirror/lang-json';
import { foldEffect, syntaxTree, ensureSyntaxTree } from '@codemirror/language';
import { linter, type Diagnostic } from '@codemirror/lint';
import type { Extension } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';

const parseErrors = jsonParseLinter();

/** JSON with lint. `check` finds what is valid JSON but still wrong, and is asked only when it parses. */
export function jsonLanguage(check?: (text: string) => string[]): Extension {
  return [
    json(),
    linter((view) => {
      const text = view.state.doc.toString();
      if (text.trim() === '') return [];
      const broken = parseErrors(view);
      if (broken.length > 0 || !check) return broken;
      const to = Math.max(1, view.state.doc.length);
      return check(text).map((message): Diagnostic => ({ from: 0, to, severity: 'warning', message }));
    }),
  ];
}

export const jsonView: Extension = json();

/** Folds the value of extensions.trace in a response, or in each of a list: it is drawn beside the result. */
export function foldTraces(view: EditorView): void {
  const tree = ensureSyntaxTree(view.state, view.state.doc.length, 50) ?? syntaxTree(view.state);
  const property = (parent: ReturnType<typeof tree.topNode.getChild>, name: string) =>
    parent?.getChildren('Property').find((node) => {
      const key = node.getChild('PropertyName');
      return key && view.state.sliceDoc(key.from + 1, key.to - 1) === name;
    });
  const responses = (tree.topNode.getChild('Array') ?? tree.topNode).getChildren('Object');
  const effects = responses.flatMap((response) => {
    const extensions = property(response, 'extensions')?.getChild('Object');
    const value = property(extensions ?? null, 'trace')?.getChild('Object');
    return value && value.to - value.from > 2 ? [foldEffect.of({ from: value.from + 1, to: value.to - 1 })] : [];
  });
  if (effects.length > 0) view.dispatch({ effects });
}
