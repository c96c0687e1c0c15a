import { describe, expect, it } from 'vitest';
import { labelPlace, layoutBars, layoutTicks } from './layout';
import { readTrace, totals } from './trace';

const call = (over: object = {}) => ({
  role: 'GRAPH', backend: 'sqlite', operation: 'episodes.list', keys: 1, rows: 20,
  startUs: 120, durationUs: 340, retries: 0, paths: ['episodes'], error: null, ...over,
});
const extensions = (calls: unknown[], durationUs: unknown = 1000) => ({ trace: { version: 1, calls, durationUs } });

describe('readTrace', () => {
  it('is undefined without a trace, or with one of another version', () => {
    expect(readTrace(undefined)).toBeUndefined();
    expect(readTrace({})).toBeUndefined();
    expect(readTrace({ trace: { version: 2, calls: [] } })).toBeUndefined();
    expect(readTrace({ trace: { version: 1 } })).toBeUndefined();
  });

  it('orders calls by start', () => {
    const trace = readTrace(extensions([call({ startUs: 500 }), call({ startUs: 10, operation: 'first' })]))!;
    expect(trace.calls.map((each) => each.operation)).toEqual(['first', 'episodes.list']);
  });

  it('lasts at least as long as its last call', () => {
    expect(readTrace(extensions([call({ startUs: 900, durationUs: 400 })]))!.durationUs).toBe(1300);
  });

  it('survives odd values', () => {
    const odd = { role: 'TAPE', keys: -1, rows: Number.NaN, paths: 'x', error: { code: 'X' } };
    expect(readTrace(extensions([odd, null, 'x'], 'long'))).toEqual({
      durationUs: 0,
      calls: [{
        role: 'OTHER', backend: 'unknown', operation: 'call', keys: 0, rows: 0,
        startUs: 0, durationUs: 0, retries: 0, paths: [], error: '{"code":"X"}',
      }],
    });
  });
});

describe('totals', () => {
  it('adds up calls, keys and failures, by role in a fixed order', () => {
    const trace = readTrace(extensions([
      call({ role: 'VECTORS', keys: 20, rows: 3, retries: 2, error: 'timeout' }), call(), call({ role: 'graph' }),
    ]))!;
    expect(totals(trace)).toEqual({
      calls: 3, keys: 22, rows: 43, retries: 2, failed: 1,
      byRole: [{ role: 'GRAPH', calls: 2 }, { role: 'VECTORS', calls: 1 }],
    });
  });
});

describe('layout', () => {
  it('places bars in percent and keeps them inside the frame', () => {
    const trace = readTrace(extensions([call({ startUs: 0, durationUs: 500 }), call({ startUs: 1000, durationUs: 0 })]))!;
    const [half, instant] = layoutBars(trace);
    expect(half).toEqual({ left: 0, width: 50 });
    expect(instant!.width).toBeGreaterThan(0);
    expect(instant!.left + instant!.width).toBeLessThanOrEqual(100);
  });

  it('draws something for a trace without duration', () => {
    const bars = layoutBars({ durationUs: 0, calls: readTrace(extensions([call({ startUs: 0, durationUs: 0 })], 0))!.calls });
    expect(bars[0]!.left).toBe(0);
    expect(layoutTicks(0)).toEqual([]);
  });

  it('uses round ticks, few of them', () => {
    expect(layoutTicks(4180).map((tick) => tick.us)).toEqual([0, 1000, 2000, 3000, 4000]);
    expect(layoutTicks(2).map((tick) => tick.us)).toEqual([0, 1, 2]);
    for (const duration of [3, 17, 999, 12_345, 7_000_000]) expect(layoutTicks(duration).length).toBeLessThanOrEqual(6);
  });

  it('puts labels where there is room', () => {
    expect(labelPlace({ left: 0, width: 20 })).toBe('after');
    expect(labelPlace({ left: 60, width: 30 })).toBe('before');
    expect(labelPlace({ left: 5, width: 95 })).toBe('inside');
  });
});
