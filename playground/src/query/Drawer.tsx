import { useMemo } from 'preact/hooks';
import { Editor } from '../editor/Editor';
import { runKeys } from '../editor/graphql';
import { jsonLanguage } from '../editor/json';
import { checkVariables } from '../editor/variables';
import { schemaState } from '../schema/state';
import { describeScope } from './headers';
import { HeadersForm } from './HeadersForm';
import { currentOperation, prettify, run } from './run';
import { activeTab, edit, headerSettings } from './session';
import { drawer } from './view';

/** Below the query: its variables, and the headers every query is sent with. */
export function Drawer() {
  const tab = activeTab.value;
  const page = drawer.value;
  const language = useMemo(
    () => [
      jsonLanguage((text) =>
        checkVariables(schemaState.peek().schema, activeTab.peek().query, currentOperation.peek()?.name, text),
      ),
      runKeys({ run: () => void run(), prettify }),
    ],
    [],
  );
  return (
    <div class="column drawer">
      <div class="drawer-head">
        <div class="segments">
          <button type="button" id="variables-tab" aria-pressed={page === 'variables'} onClick={() => (drawer.value = 'variables')}>
            Variables
          </button>
          <button type="button" id="headers-tab" aria-pressed={page === 'headers'} onClick={() => (drawer.value = 'headers')}>
            Headers
          </button>
        </div>
        <button class="scope-chip" type="button" onClick={() => (drawer.value = 'headers')} title="Scope: user / device / agent">
          <span>scope</span> {describeScope(headerSettings.value.scope)}
        </button>
      </div>
      <div class="fill" id="variables-editor" hidden={page !== 'variables'}>
        <Editor
          label="Variables, as JSON"
          text={() => activeTab.peek().variables}
          documentKey={tab.id}
          extensions={language}
          hint={'JSON, such as { "first": 10 }'}
          onChange={(variables) => edit({ variables })}
        />
      </div>
      <div class="fill" hidden={page !== 'headers'}>
        <HeadersForm />
      </div>
    </div>
  );
}
