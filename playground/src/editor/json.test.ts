import { EditorState } from '@codemirror/state';
import { describe, expect, it } from 'vitest';
import { foldsIn, jsonView } from './json';

/** What is left of a JSON text with its folds closed. */
function folded(doc: string): string {
  const folds = foldsIn(EditorState.create({ doc, extensions: jsonView }));
  return folds.reduceRight((text, { from, to }) => `${text.slice(0, from)}…${text.slice(to)}`, doc);
}

describe('foldsIn', () => {
  const response = '{"data":{"n":1},"extensions":{"cost":{"limit":2},"trace":{"calls":[]}}}';

  it('folds the trace of a response', () => {
    expect(folded(response)).toBe('{"data":{"n":1},"extensions":{"cost":{"limit":2},"trace":{…}}}');
    expect(folded('{"data":{},"extensions":{"trace":{}}}')).toBe('{"data":{},"extensions":{"trace":{}}}');
    expect(folded('Bad gateway')).toBe('Bad gateway');
  });

  it('folds the extensions of each response in a list, with a trace or without', () => {
    expect(folded(`[${response},{"data":{},"extensions":{"cost":{"limit":2}}},{"errors":[]}]`)).toBe(
      '[{"data":{"n":1},"extensions":{…}},{"data":{},"extensions":{…}},{"errors":[]}]',
    );
  });
});
