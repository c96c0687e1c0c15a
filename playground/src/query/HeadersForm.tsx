import { useMemo } from 'preact/hooks';
import { Editor } from '../editor/Editor';
import { runKeys } from '../editor/graphql';
import { jsonLanguage } from '../editor/json';
import { buildHeaders } from './headers';
import { prettify, run } from './run';
import { headerSettings } from './session';

const parts = [
  { part: 'user', label: 'User' },
  { part: 'device', label: 'Device' },
  { part: 'agent', label: 'Agent' },
] as const;

/** Whose memory to ask for, and any other headers. Kept until the browser tab closes, never in tabs, history or links. */
export function HeadersForm() {
  const settings = headerSettings.value;
  const language = useMemo(
    () => [
      jsonLanguage((text) => {
        try {
          buildHeaders({ ...headerSettings.peek(), extra: text });
          return [];
        } catch (error) {
          return [(error as Error).message];
        }
      }),
      runKeys({ run: () => void run(), prettify }),
    ],
    [],
  );
  return (
    <div class="headers-form">
      <div class="scope-fields">
        {parts.map(({ part, label }) => (
          <label key={part}>
            <span>{label}</span>
            <input
              class="field"
              id={`scope-${part}`}
              value={settings.scope[part]}
              placeholder="default"
              autocomplete="off"
              spellcheck={false}
              onInput={(event) => {
                const scope = { ...settings.scope, [part]: event.currentTarget.value };
                headerSettings.value = { ...settings, scope };
              }}
            />
          </label>
        ))}
      </div>
      <div class="fill" id="headers-editor">
        <Editor
          label="Other headers, as JSON"
          text={() => headerSettings.peek().extra}
          extensions={language}
          hint={'JSON, such as { "Authorization": "Bearer …" }'}
          onChange={(extra) => (headerSettings.value = { ...headerSettings.peek(), extra })}
        />
      </div>
    </div>
  );
}
