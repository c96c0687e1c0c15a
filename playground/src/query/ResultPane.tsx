import type { EditorView } from '@codemirror/view';
import { useEffect, useRef } from 'preact/hooks';
import { Editor } from '../editor/Editor';
import { foldTrace, jsonView } from '../editor/json';
import { Notices } from './Notices';
import { ResultStatus } from './ResultStatus';
import { isRunning, result, runState } from './run';

export function ResultPane() {
  const current = result.value;
  const view = useRef<EditorView | undefined>(undefined);
  const text = current?.view.text ?? '';
  useEffect(() => {
    if (view.current && current?.view.trace) foldTrace(view.current);
  }, [text]);
  return (
    <div class="column">
      <ResultStatus />
      <Notices problems={current?.view.problems ?? []} degraded={current?.view.degraded ?? []} />
      <div class={`fill ${isRunning.value ? 'waiting' : ''}`} id="result" data-state={runState.value.kind}>
        {current ? (
          <Editor label="Result, as JSON" value={text} readOnly extensions={jsonView} onReady={(editor) => (view.current = editor)} />
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
