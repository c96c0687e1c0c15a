import { syntaxTree } from '@codemirror/language';
import { RangeSetBuilder, type Extension } from '@codemirror/state';
import { Decoration, EditorView, ViewPlugin, type DecorationSet, type ViewUpdate } from '@codemirror/view';

const marks: Record<string, Decoration> = {
  FieldName: Decoration.mark({ class: 'cm-field-name' }),
  ArgumentAttributeName: Decoration.mark({ class: 'cm-argument-name' }),
};

/** The grammar takes fields and arguments called `type` or `input` for keywords; here they look like the names they are. */
export const nameColours: Extension = [
  ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;
      constructor(view: EditorView) {
        this.decorations = markNames(view);
      }
      update(update: ViewUpdate) {
        if (update.docChanged || update.viewportChanged || syntaxTree(update.startState) !== syntaxTree(update.state)) {
          this.decorations = markNames(update.view);
        }
      }
    },
    { decorations: (plugin) => plugin.decorations },
  ),
  EditorView.baseTheme({
    '.cm-field-name, .cm-field-name span': { color: 'var(--code-field)' },
    '.cm-argument-name, .cm-argument-name span': { color: 'var(--code-argument)' },
  }),
];

function markNames(view: EditorView): DecorationSet {
  const found = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    syntaxTree(view.state).iterate({
      from,
      to,
      enter: ({ name, from, to, node }) => {
        const mark = marks[name];
        if (mark && node.firstChild) found.add(from, to, mark);
      },
    });
  }
  return found.finish();
}
