import { syntaxTree } from '@codemirror/language';
import { RangeSetBuilder, type Extension } from '@codemirror/state';
import { Decoration, EditorView, ViewPlugin, type DecorationSet, type ViewUpdate } from '@codemirror/view';

const field = Decoration.mark({ class: 'cm-field-name' });
const argument = Decoration.mark({ class: 'cm-argument-name' });

/* Keywords of schema definitions. The grammar takes them for such wherever they stand. */
const schemaKeywords = new Set('scalar type interface union enum input implements extend schema directive repeatable'.split(' '));

/** A query defines no types, so a field or argument called `type` or `input` looks like the name it is. */
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
      enter: ({ name, from, to }) => {
        if (schemaKeywords.has(name)) found.add(from, to, /^\s*:/.test(view.state.sliceDoc(to, to + 8)) ? argument : field);
      },
    });
  }
  return found.finish();
}
