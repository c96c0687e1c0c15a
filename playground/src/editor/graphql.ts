import { Prec, type Extension } from '@codemirror/state';
import { keymap, type EditorView } from '@codemirror/view';
import { fillAllFieldsCommands, graphql, updateSchema } from 'cm6-graphql';
import type { GraphQLSchema } from 'graphql';
import { nameColours } from './names';

export interface QueryEditorActions {
  run: () => void;
  prettify: () => void;
  showDocs: (typeName: string, fieldName?: string) => void;
}

/** GraphQL with completion and linting from the schema, once one is known. */
export function queryLanguage(schema: GraphQLSchema | undefined, actions: QueryEditorActions): Extension {
  return [
    graphql(schema, {
      onShowInDocs: (field, type, parentType) => {
        if (parentType && field) actions.showDocs(parentType, field);
        else if (type) actions.showDocs(type);
      },
      onCompletionInfoRender: (item) => {
        const text = item.documentation ?? item.deprecationReason;
        if (!text) return null;
        const node = document.createElement('div');
        node.textContent = String(text);
        return node;
      },
    }),
    nameColours,
    runKeys(actions),
  ];
}

/** Keys every editable editor of the query panel shares. */
export function runKeys(actions: Pick<QueryEditorActions, 'run' | 'prettify'>): Extension {
  const run = () => (actions.run(), true);
  const prettify = () => (actions.prettify(), true);
  return Prec.highest(
    keymap.of([
      { key: 'Mod-Enter', run, preventDefault: true },
      { key: 'Ctrl-Enter', run, preventDefault: true },
      { key: 'Shift-Ctrl-p', run: prettify, preventDefault: true },
      { key: 'Shift-Alt-f', run: fillAllFieldsCommands, preventDefault: true },
    ]),
  );
}

export function setSchema(view: EditorView, schema: GraphQLSchema): void {
  updateSchema(view, schema);
}
