import { formatMicros } from '../lib/format';
import type { Trace } from './trace';

/** The trace in words and numbers; retries and errors have a column when there are any. Hidden from sight while the timeline shows, never from screen readers. */
export function TraceTable({ trace, hidden }: { trace: Trace; hidden: boolean }) {
  const retried = trace.calls.some((call) => call.retries > 0);
  const failed = trace.calls.some((call) => call.error !== null);
  return (
    <div class={hidden ? 'sr-only' : 'trace-table'} tabIndex={hidden ? undefined : 0} role="region" aria-label="Backend calls as a table">
      <table id="trace-table">
        <thead>
          <tr>
            <th scope="col">Role</th>
            <th scope="col">Backend</th>
            <th scope="col">Operation</th>
            <th scope="col" class="number">Keys</th>
            <th scope="col" class="number">Rows</th>
            <th scope="col" class="number">Start</th>
            <th scope="col" class="number">Took</th>
            {retried && <th scope="col" class="number">Retries</th>}
            <th scope="col">Served</th>
            {failed && <th scope="col">Error</th>}
          </tr>
        </thead>
        <tbody>
          {trace.calls.map((call, index) => (
            <tr key={index}>
              <td class={`role role-${call.role.toLowerCase()}`}>{call.role.toLowerCase()}</td>
              <td>{call.backend}</td>
              <td>
                <code>{breakable(call.operation)}</code>
              </td>
              <td class="number">{call.keys}</td>
              <td class="number">{call.rows}</td>
              <td class="number">{formatMicros(call.startUs)}</td>
              <td class="number">{formatMicros(call.durationUs)}</td>
              {retried && <td class="number">{call.retries}</td>}
              <td class="long">{breakable(call.paths.join(', ') || '–')}</td>
              {failed && <td class={`long ${call.error ? 'bad' : ''}`}>{call.error ?? '–'}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A name or path that may go on in the next line after each dot or slash. */
function breakable(name: string) {
  return name.split(/(?<=[./])/).map((part, index) => [index > 0 && <wbr />, part]);
}
