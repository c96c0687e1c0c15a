import { Icon } from '../app/Icon';
import { endpoint, serverAnswers } from '../lib/transport';
import { reloadSchema, schemaState } from '../schema/state';
import { requestHeaders } from './session';

export function SchemaStatus() {
  const state = schemaState.value;
  const gone = state.kind !== 'loading' && !serverAnswers.value;
  const words = gone
    ? 'Server does not answer'
    : { loading: 'Reading schema', ready: 'Schema ready', failed: 'No schema' }[state.kind];
  const reason = gone ? 'Start it, then run the query or read the schema again' : state.kind === 'failed' ? state.message : '';
  return (
    <div class={`schema-status ${gone ? 'failed' : state.kind}`}>
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
