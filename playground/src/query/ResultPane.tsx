import { Editor } from '../editor/Editor';
import { foldTrace, jsonView } from '../editor/json';
import { Notices } from './Notices';
import { ResultStatus } from './ResultStatus';
import { isRunning, result, runState } from './run';

export function ResultPane() {
  const current = result.value;
  return (
    <div class="column">
      <ResultStatus />
      <Notices problems={current?.view.problems ?? []} degraded={current?.view.degraded ?? []} />
      <div class={`fill ${isRunning.value ? 'waiting' : ''}`} id="result" data-state={runState.value.kind}>
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
