import { json, jsonParseLinter } from '@codemirror/lang-json';
import { foldEffect, syntaxTree, ensureSyntaxTree } from '@codemirror/language';
import { linter, type Diagnostic } from '@codemirror/lint';
import type { EditorState, Extension } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';

type SyntaxNode = ReturnType<typeof syntaxTree>['topNode'];

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

/** Folds what is drawn beside the result, and in a list all of the extensions, so that data follows data. */
export function foldExtensions(view: EditorView): void {
  const effects = foldsIn(view.state).map((range) => foldEffect.of(range));
  if (effects.length > 0) view.dispatch({ effects });
}

/** Where the value of extensions.trace is in a response; for a list, where extensions are in each. */
export function foldsIn(state: EditorState): { from: number; to: number }[] {
  const tree = ensureSyntaxTree(state, state.doc.length, 50) ?? syntaxTree(state);
  const value = (parent: SyntaxNode | null | undefined, name: string) =>
    parent
      ?.getChildren('Property')
      .find((node) => {
        const key = node.getChild('PropertyName');
        return key && state.sliceDoc(key.from + 1, key.to - 1) === name;
      })
      ?.getChild('Object');
  const list = tree.topNode.getChild('Array');
  return (list ?? tree.topNode).getChildren('Object').flatMap((response) => {
    const extensions = value(response, 'extensions');
    const folded = list ? extensions : value(extensions, 'trace');
    return folded && folded.to - folded.from > 2 ? [{ from: folded.from + 1, to: folded.to - 1 }] : [];
  });
}
