import { Editor } from '../editor/Editor';
import { foldTrace, jsonView } from '../editor/json';
import { Notices } from './Notices';
import { ResultStatus } from './ResultStatus';
import { isPrevious, result, runState } from './run';

export function ResultPane() {
  const current = result.value;
  const state = runState.value;
  return (
    <div class="column">
      <ResultStatus />
      {state.kind === 'failed' ? (
        <Notices problems={[{ message: state.message }]} degraded={[]} />
      ) : (
        <Notices problems={current?.view.problems ?? []} degraded={current?.view.degraded ?? []} />
      )}
      {isPrevious.value && <p class="previous">Previous answer</p>}
      <div class={`fill ${state.kind === 'running' || state.kind === 'failed' ? 'waiting' : ''}`} id="result" data-state={state.kind}>
        {current ? (
          <Editor
            label="Result, as JSON"
            text={() => result.peek()?.view.text ?? ''}
            documentKey={String(current.run)}
            readOnly
            extensions={jsonView}
            onReady={(editor) => result.peek()?.view.trace && foldTrace(editor)}
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
