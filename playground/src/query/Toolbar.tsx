import { Icon } from '../app/Icon';
import { currentOperation, isRunning, operations, prettify, run, stop } from './run';
import { traceOn } from './session';
import { library, toggleLibrary } from './view';

const mac = /Mac|iPhone|iPad/.test(navigator.platform);

export function Toolbar({ focusEditor }: { focusEditor: (at: number) => void }) {
  const several = operations.value.length > 1;
  const current = currentOperation.value;
  return (
    <div class="toolbar" role="group" aria-label="Query">
      <div class="tools">
        {isRunning.value ? (
          <button class="button primary stop" id="stop" type="button" onClick={stop}>
            <Icon name="stop" />
            Stop
          </button>
        ) : (
          <button class="button primary" id="run" type="button" onClick={() => void run()}>
            <Icon name="play" />
            Run
            <kbd aria-hidden="true">{mac ? '⌘↵' : 'Ctrl ↵'}</kbd>
          </button>
        )}
        {several && (
          <select
            class="field operation"
            id="operation"
            aria-label="Operation to run"
            value={String(operations.value.indexOf(current!))}
            onChange={(event) => focusEditor(operations.value[Number(event.currentTarget.value)]!.start)}
          >
            {operations.value.map((operation, index) => (
              <option key={index} value={String(index)}>
                {operation.type} {operation.name ?? '(no name)'}
              </option>
            ))}
          </select>
        )}
        <button class="button quiet" id="prettify" type="button" aria-label="Format" onClick={prettify} title="Format query and variables (Shift-Ctrl-P)">
          <Icon name="wand" />
          <span class="wide-only">Format</span>
        </button>
        <span class="spring" />
        <button class="button quiet" id="examples" type="button" aria-label="Examples" aria-expanded={library.value === 'examples'} onClick={() => toggleLibrary('examples')} title="Example queries">
          <Icon name="list" />
          <span class="wide-only">Examples</span>
        </button>
        <button class="button quiet" id="history" type="button" aria-label="History" aria-expanded={library.value === 'history'} onClick={() => toggleLibrary('history')} title="History">
          <Icon name="clock" />
          <span class="wide-only">History</span>
        </button>
        <button class="switch" id="trace-toggle" type="button" role="switch" aria-checked={traceOn.value} onClick={() => (traceOn.value = !traceOn.value)} title="Ask for a trace of backend calls">
          Trace
        </button>
      </div>
    </div>
  );
}
