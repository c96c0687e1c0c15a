import { describe, expect, it } from 'vitest';
import { readHash, writeHash } from '../app/route';
import { formatAgo, formatBytes, formatMicros, plural } from './format';
import { formatJson } from './json';
import { EventReader } from './sse';
import { readJson, writeJson, type TextStore } from './storage';

describe('formatJson', () => {
  it('indents like JSON.stringify', () => {
    const value = { a: [1, { b: null }, []], c: {}, d: 'x: {"y"}, \\', e: [[]], f: true };
    expect(formatJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
  });

  it('keeps integers that floats cannot hold', () => {
    expect(formatJson('{"n":9007199254740993}')).toBe('{\n  "n": 9007199254740993\n}');
  });

  it('shows escaped characters as themselves, and leaves other text alone', () => {
    expect(formatJson('"\\u003cb\\u003e"')).toBe('"<b>"');
    expect(formatJson('{ nope')).toBe('{ nope');
    expect(formatJson('')).toBe('');
  });
});

describe('format', () => {
  it('is short and has units', () => {
    expect([formatBytes(12), formatBytes(2700), formatBytes(27_000), formatBytes(2_700_000)]).toEqual(['12 B', '2.7 kB', '27 kB', '2.7 MB']);
    expect([formatMicros(18), formatMicros(640), formatMicros(2140), formatMicros(1_500_000)]).toEqual(['18 µs', '640 µs', '2.1 ms', '1.50 s']);
    expect([plural(1, 'retry', 'retries'), plural(2, 'retry', 'retries'), plural(1234, 'row')]).toEqual(['1 retry', '2 retries', '1,234 rows']);
    const day = 86_400_000;
    expect([0, 5 * 60_000, 3 * 3_600_000, day].map((ago) => formatAgo(10 * day, 10 * day + ago))).toEqual(['just now', '5 min ago', '3 h ago', 'yesterday']);
    expect(formatAgo(0, 10 * day)).toBe('1970-01-01');
  });
});

describe('EventReader', () => {
  it('reads events however they are cut', () => {
    const text = ':\n\nid: x:1\nevent: next\ndata: {"a":\ndata: 1}\n\nevent: next\r\ndata: 2\r\n\r\nevent: complete\n\nda';
    for (const size of [1, 2, 7, 1000]) {
      const reader = new EventReader();
      const events = [];
      for (let at = 0; at < text.length; at += size) events.push(...reader.push(text.slice(at, at + size)));
      expect(events).toEqual([
        { event: 'next', data: '{"a":\n1}', id: 'x:1' }, { event: 'next', data: '2' }, { event: 'complete', data: '' },
      ]);
    }
  });
});

describe('storage', () => {
  const store = (over: Partial<TextStore>): TextStore => ({ getItem: () => null, setItem: () => {}, removeItem: () => {}, ...over });

  it('does without a store, with a broken one and with a full one', () => {
    expect(readJson(undefined, 'k')).toBeUndefined();
    expect(readJson(store({ getItem: () => '{' }), 'k')).toBeUndefined();
    expect(readJson(store({ getItem: () => '[1]' }), 'k')).toEqual([1]);
    const full = store({ setItem: () => { throw new Error('full'); } });
    expect(writeJson(full, 'k', 1)).toBe(false);
    expect(writeJson(undefined, 'k', 1)).toBe(false);
  });
});

describe('route', () => {
  it('reads and writes the hash', () => {
    expect(readHash('')).toEqual({ panel: '', rest: '' });
    expect(readHash('#/docs/Episode.content')).toEqual({ panel: 'docs', rest: 'Episode.content' });
    expect(readHash('#/docs/%')).toEqual({ panel: 'docs', rest: '%' });
    expect(writeHash({ panel: 'docs', rest: 'a/b' })).toBe('#/docs/a%2Fb');
    expect(readHash(writeHash({ panel: 'docs', rest: 'a/b' })).rest).toBe('a/b');
  });
});
