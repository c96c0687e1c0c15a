import { formatMicros } from '../lib/format';
import type { Trace } from './trace';

/** The trace in words and numbers. Hidden from sight while the timeline shows, never from screen readers. */
export function TraceTable({ trace, hidden }: { trace: Trace; hidden: boolean }) {
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
            <th scope="col" class="number">Retries</th>
            <th scope="col">Served</th>
            <th scope="col">Error</th>
          </tr>
        </thead>
        <tbody>
          {trace.calls.map((call, index) => (
            <tr key={index}>
              <td class={`role role-${call.role.toLowerCase()}`}>{call.role.toLowerCase()}</td>
              <td>{call.backend}</td>
              <td>
                <code>{call.operation}</code>
              </td>
              <td class="number">{call.keys}</td>
              <td class="number">{call.rows}</td>
              <td class="number">{formatMicros(call.startUs)}</td>
              <td class="number">{formatMicros(call.durationUs)}</td>
              <td class="number">{call.retries}</td>
              <td>{call.paths.join(', ') || '–'}</td>
              <td class={call.error ? 'bad' : ''}>{call.error ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
