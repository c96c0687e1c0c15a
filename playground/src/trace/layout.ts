import type { Trace } from './trace';

export interface Bar {
  /** Percent of the whole width. */
  left: number;
  width: number;
}

export interface Tick {
  at: number;
  us: number;
}

const thinnest = 0.6;

/** Where each call's bar stands, in percent of the response time. Bars never leave the frame and never vanish. */
export function layoutBars(trace: Trace): Bar[] {
  const scale = trace.durationUs > 0 ? 100 / trace.durationUs : 0;
  return trace.calls.map((call) => {
    const width = Math.min(100, Math.max(thinnest, call.durationUs * scale));
    return { left: Math.min(call.startUs * scale, 100 - width), width };
  });
}

/** Round times for the axis, at most `most` of them after zero and none closer than a microsecond. */
export function layoutTicks(durationUs: number, most = 5): Tick[] {
  if (durationUs <= 0) return [];
  const rough = Math.max(1, durationUs / most);
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = magnitude * ([1, 2, 5, 10].find((factor) => factor * magnitude >= rough) ?? 10);
  const ticks: Tick[] = [];
  for (let us = 0; us <= durationUs; us += step) ticks.push({ us, at: (us / durationUs) * 100 });
  return ticks;
}

/** Where a bar's label has room: beside it, or on it when it fills the row. */
export function labelPlace(bar: Bar): 'after' | 'before' | 'inside' {
  if (bar.left + bar.width < 72) return 'after';
  return bar.left > 28 ? 'before' : 'inside';
}
