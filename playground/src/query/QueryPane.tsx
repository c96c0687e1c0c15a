import type { EditorView } from '@codemirror/view';
import { forceLinting } from '@codemirror/lint';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { go } from '../app/route';
import { Editor } from '../editor/Editor';
import { queryLanguage, setSchema } from '../editor/graphql';
import { schemaState } from '../schema/state';
import { run, prettify } from './run';
import { activeTab, cursor, edit } from './session';
import { Toolbar } from './Toolbar';

export function QueryPane() {
  const tab = activeTab.value;
  const { schema } = schemaState.value;
  const view = useRef<EditorView | undefined>(undefined);
  const language = useMemo(
    () =>
      queryLanguage(undefined, {
        run: () => void run(),
        prettify,
        showDocs: (type, field) => go('docs', field ? `${type}.${field}` : type),
      }),
    [],
  );
  const applySchema = (editor: EditorView) => {
    const known = schemaState.peek().schema;
    if (!known) return;
    setSchema(editor, known);
    forceLinting(editor);
  };
  useEffect(() => {
    if (view.current) applySchema(view.current);
  }, [schema]);

  return (
    <div class="column" id="query-pane">
      <Toolbar focusEditor={(at) => focusAt(view.current, at)} />
      <div class="fill" id="query-editor">
        <Editor
          label="GraphQL query"
          text={() => activeTab.peek().query}
          documentKey={tab.id}
          extensions={language}
          hint="Write a query, or open an example."
          onChange={(query) => edit({ query })}
          onCursor={(offset) => (cursor.value = offset)}
          onReady={(editor) => {
            view.current = editor;
            applySchema(editor);
          }}
        />
      </div>
    </div>
  );
}

function focusAt(view: EditorView | undefined, at: number): void {
  view?.dispatch({ selection: { anchor: at }, scrollIntoView: true });
  view?.focus();
}
