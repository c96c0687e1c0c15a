import { useState } from 'preact/hooks';
import { formatMicros, plural } from '../lib/format';
import { isPrevious, result } from '../query/run';
import { traceOn } from '../query/session';
import { totals, type Trace } from './trace';
import { TraceTable } from './TraceTable';
import { Waterfall } from './Waterfall';

/** Every backend call behind the last response. */
export function TracePane() {
  const trace = result.value?.view.trace;
  if (trace) return <TraceView trace={trace} />;
  return (
    <section class="trace" id="trace" aria-label="Backend calls">
      <div class="empty">
        <strong>{traceOn.value ? 'Backend calls' : 'Trace is off'}</strong>
        <p>{explain(result.value !== undefined)}</p>
      </div>
    </section>
  );
}

function explain(answered: boolean): string {
  if (!traceOn.value) return 'Switch it on to see every call a query makes to a store.';
  return answered
    ? 'This response carried no trace. Servers send one in development mode, or to administrators.'
    : 'How many calls a query takes, to which stores, and when, is drawn here.';
}

function TraceView({ trace }: { trace: Trace }) {
  const [page, setPage] = useState<'timeline' | 'table'>('timeline');
  const sum = totals(trace);
  return (
    <section class="trace" id="trace" aria-label="Backend calls">
      <header class="trace-head">
        <p class="trace-total">
          <b id="trace-total">{sum.calls}</b>
          <span>{sum.calls === 1 ? 'backend call' : 'backend calls'}</span>
        </p>
        <p class="trace-facts">
          {isPrevious.value && <span>previous answer</span>}
          <span>{plural(sum.keys, 'key')}</span>
          <span>{plural(sum.rows, 'row')}</span>
          <span>{formatMicros(trace.durationUs)}</span>
          {sum.retries > 0 && <span class="warn">{plural(sum.retries, 'retry', 'retries')}</span>}
          {sum.failed > 0 && <span class="bad">{sum.failed} failed</span>}
        </p>
        <div class="segments" hidden={sum.calls === 0}>
          <button type="button" aria-pressed={page === 'timeline'} onClick={() => setPage('timeline')}>
            Timeline
          </button>
          <button type="button" aria-pressed={page === 'table'} onClick={() => setPage('table')}>
            Table
          </button>
        </div>
      </header>
      <ul class="legend" aria-label="Calls by role">
        {sum.byRole.map(({ role, calls }) => (
          <li key={role} class={`role-${role.toLowerCase()}`}>
            {role.toLowerCase()} <b>{calls}</b>
          </li>
        ))}
      </ul>
      {sum.calls === 0 ? (
        <div class="empty">
          <strong>No backend calls</strong>
          <p>This request was answered without asking any store.</p>
        </div>
      ) : (
        <>
          {page === 'timeline' && <Waterfall trace={trace} />}
          <TraceTable trace={trace} hidden={page !== 'table'} />
        </>
      )}
    </section>
  );
}
