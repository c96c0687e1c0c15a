import { describe, expect, it } from 'vitest';
import { groupExamples, readExamples } from './examples';
import { buildHeaders, describeScope, noHeaders, readHeaderSettings } from './headers';
import { operationAt, operationsIn } from './operations';
import { prettifyQuery } from './prettify';
import { readResponse } from './response';

describe('headers', () => {
  const settings = (user: string, extra = '') => ({ scope: { user, device: '', agent: ' scout ' }, extra });

  it('sends the parts of the scope that are given', () => {
    expect(buildHeaders(noHeaders)).toEqual({});
    expect(buildHeaders(settings('ada'))).toEqual({ 'Thalamus-User': 'ada', 'Thalamus-Agent': 'scout' });
  });

  it('percent-encodes the scope in any alphabet', () => {
    expect(buildHeaders({ scope: { user: 'zoë', device: '日本', agent: '50% a/b' }, extra: '' })).toEqual({
      'Thalamus-User': 'zo%C3%AB', 'Thalamus-Device': '%E6%97%A5%E6%9C%AC', 'Thalamus-Agent': '50%25%20a%2Fb',
    });
  });

  it('lets free-form headers win, whatever their case', () => {
    expect(buildHeaders(settings('ada', '{"thalamus-user":"bob","X-A":"1"}'))).toEqual({
      'thalamus-user': 'bob', 'Thalamus-Agent': 'scout', 'X-A': '1',
    });
  });

  it('says what is wrong', () => {
    expect(() => buildHeaders(settings('', '{'))).toThrow(/not valid JSON/);
    expect(() => buildHeaders(settings('', '[]'))).toThrow(/JSON object/);
    expect(() => buildHeaders(settings('', '{"a b":"1"}'))).toThrow(/"a b" is not a header name/);
    expect(() => buildHeaders(settings('', '{"A":1}'))).toThrow(/"A" must be a string/);
    expect(() => buildHeaders(settings('', '{"A":"日本"}'))).toThrow(/"A" holds a character/);
  });

  it('describes the scope in one line', () => {
    expect(describeScope({ user: 'ada', device: '', agent: '' })).toBe('ada / default / default');
  });

  it('reads what this visit stored', () => {
    expect(readHeaderSettings({ scope: { user: 'ada', device: 3 }, extra: '{}' })).toEqual({
      scope: { user: 'ada', device: '', agent: '' }, extra: '{}',
    });
    expect(readHeaderSettings(null)).toEqual(noHeaders);
  });
});

describe('operations', () => {
  const text = 'query A { a }\n\nmutation B { b }\nfragment F on T { c }\n{ d }';
  const operations = operationsIn(text);

  it('lists them with their types', () => {
    expect(operations.map(({ name, type }) => [type, name])).toEqual([['query', 'A'], ['mutation', 'B'], ['query', undefined]]);
    expect(operationsIn('query {')).toEqual([]);
  });

  it('finds the one at the cursor, or the one before it', () => {
    expect(operationAt(operations, 3)?.name).toBe('A');
    expect(operationAt(operations, text.indexOf('{ b'))?.name).toBe('B');
    expect(operationAt(operations, text.indexOf('on T'))?.name).toBe('B');
    expect(operationAt([], 0)).toBeUndefined();
    expect(operationAt(operationsIn('# note\nquery A { a }'), 0)?.name).toBe('A');
  });
});

describe('prettifyQuery', () => {
  it('formats and keeps the comments between definitions', () => {
    expect(prettifyQuery('# one\n#two\nquery A{a b}\n # three\n{c}\n# end')).toBe(
      '# one\n#two\nquery A {\n  a\n  b\n}\n\n# three\n{\n  c\n}\n\n# end\n',
    );
  });

  it('leaves a definition with comments inside as it is', () => {
    expect(prettifyQuery('{ a # why\n}\nquery B{b}')).toBe('{ a # why\n}\n\nquery B {\n  b\n}\n');
  });

  it('settles after one pass', () => {
    const once = prettifyQuery('#x\nquery A{a}');
    expect(prettifyQuery(once)).toBe(once);
  });

  it('throws on what does not parse', () => {
    expect(() => prettifyQuery('{')).toThrow();
  });
});

describe('readResponse', () => {
  it('takes a response apart', () => {
    const view = readResponse(JSON.stringify({
      data: { a: null },
      errors: [{ message: 'late', path: ['a', 0], extensions: { code: 'TIMEOUT' } }, { message: 'plain' }],
      extensions: { degraded: ['vectors', { role: 'CACHE', backend: 'redis', reason: 'down', paths: ['a', 'b'] }] },
    }));
    expect(view.problems).toEqual([{ message: 'late', code: 'TIMEOUT', path: 'a.0' }, { message: 'plain' }]);
    expect(view.degraded).toEqual([
      { title: 'vectors', detail: '' },
      { title: 'cache · redis', detail: 'down, paths a, b' },
    ]);
    expect([view.hasData, view.isGraphQL, view.trace]).toEqual([true, true, undefined]);
  });

  it('keeps text that is not JSON', () => {
    expect(readResponse('Bad gateway')).toMatchObject({ text: 'Bad gateway', isGraphQL: false, hasData: false });
  });
});

describe('examples', () => {
  it('reads the file, leaving out what has no query, and groups in order', () => {
    const examples = readExamples([
      { name: 'a', title: 'A', query: '{ a }', group: 'One', variables: { x: 1 } },
      { name: 'none' },
      { query: '{ b }', group: 'Two' },
      { name: 'c', query: '{ c }', group: 'One', variables: {} },
    ]);
    expect(examples.map(({ name, title, variables }) => [name, title, variables])).toEqual([
      ['a', 'A', '{\n  "x": 1\n}'], ['example-2', 'example-2', ''], ['c', 'c', ''],
    ]);
    expect(groupExamples(examples).map(([group, members]) => [group, members.length])).toEqual([['One', 2], ['Two', 1]]);
    expect(readExamples({})).toEqual([]);
  });
});
