import { Editor } from '../editor/Editor';
import { foldExtensions, jsonView } from '../editor/json';
import { Notices } from './Notices';
import { ResultStatus } from './ResultStatus';
import { isPrevious, result, runState } from './run';

export function ResultPane() {
  const current = result.value;
  const state = runState.value;
  const waiting = (state.kind === 'running' && !(state.streaming && current?.events)) || isPrevious.value;
  return (
    <div class="column">
      <ResultStatus />
      {state.kind === 'failed' ? (
        <Notices problems={[{ message: state.message }, ...(isPrevious.value ? [] : current?.view.problems ?? [])]} degraded={[]} />
      ) : (
        <Notices problems={current?.view.problems ?? []} degraded={current?.view.degraded ?? []} />
      )}
      {isPrevious.value && <p class="previous">Previous answer</p>}
      {current?.anew && <p class="previous">The gateway does not know the last event from before the cut. What follows began anew, and some events may be missing.</p>}
      <div class={`fill ${waiting ? 'waiting' : ''}`} id="result" data-state={state.kind}>
        {current ? (
          <Editor
            label="Result, as JSON"
            text={() => result.peek()?.view.text ?? ''}
            documentKey={String(current.run)}
            readOnly
            extensions={jsonView}
            onReady={foldExtensions}
            onText={foldExtensions}
          />
        ) : (
          <div class="empty">
            <strong>Nothing asked yet</strong>
            <p>Run the query to see the answer here, and below it every backend call it took.</p>
          </div>
        )}
      </div>
    </div>
  );
}
