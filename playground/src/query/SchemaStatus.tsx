import { Icon } from '../app/Icon';
import { endpoint } from '../lib/transport';
import { reloadSchema, schemaState } from '../schema/state';
import { requestHeaders } from './session';

export function SchemaStatus() {
  const state = schemaState.value;
  const words = { loading: 'Reading schema', ready: 'Schema ready', failed: 'No schema' }[state.kind];
  const reason = state.kind === 'failed' ? state.message : '';
  return (
    <div class={`schema-status ${state.kind}`}>
      <span class="dot" aria-hidden="true" />
      <span id="schema-status" role="status" title={reason}>
        {words}
        {reason && <span class="sr-only">: {reason}</span>}
      </span>
      <code>{endpoint()}</code>
      <button class="icon-button" type="button" onClick={() => reloadSchema(requestHeaders)} title="Read the schema again" aria-label="Read the schema again">
        <Icon name="reload" />
      </button>
    </div>
  );
}
