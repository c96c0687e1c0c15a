import { formatMicros } from '../lib/format';
import { labelPlace, layoutBars, layoutTicks, type Bar } from './layout';
import type { BackendCall, Trace } from './trace';

/** Bars over time, one call a row. The table says the same in words, so readers of the page skip this. */
export function Waterfall({ trace }: { trace: Trace }) {
  const bars = layoutBars(trace);
  const ticks = layoutTicks(trace.durationUs);
  const widest = Math.max(0, ...trace.calls.map((call) => call.operation.length + call.backend.length + 1));
  return (
    <div class="waterfall" aria-hidden="true" style={{ '--widest': String(widest) }}>
      <div class="axis">
        <div class="scale">
          {ticks.filter((tick) => tick.at < 93).map((tick) => (
            <span key={tick.us} style={{ left: `${tick.at}%` }}>
              {tick.us === 0 ? '0' : formatMicros(tick.us)}
            </span>
          ))}
        </div>
      </div>
      <ol>
        {trace.calls.map((call, index) => (
          <li key={index} class={`call role-${call.role.toLowerCase()} ${call.error ? 'failed' : ''}`} title={[`${call.operation} ${call.backend}`, call.error, ...call.paths].filter(Boolean).join('\n')}>
            <span class="what">
              <b>{call.operation}</b> {call.backend}
            </span>
            <span class="lane">
              {ticks.map((tick) => (
                <i key={tick.us} class="grid" style={{ left: `${tick.at}%` }} />
              ))}
              <BarOf call={call} bar={bars[index]!} />
            </span>
            <span class="counts">
              {call.retries > 0 && <b>↻{call.retries}</b>}
              {call.error ? <b>failed</b> : `${call.keys} → ${call.rows}`}
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}

function BarOf({ call, bar }: { call: BackendCall; bar: Bar }) {
  const place = labelPlace(bar);
  const at = {
    after: { left: `${bar.left + bar.width}%` },
    before: { right: `${100 - bar.left}%` },
    inside: { left: `${bar.left}%` },
  }[place];
  return (
    <>
      <span class="bar" style={{ left: `${bar.left}%`, width: `${bar.width}%` }} />
      <span class={`took ${place}`} style={at}>
        {formatMicros(call.durationUs)}
      </span>
    </>
  );
}
