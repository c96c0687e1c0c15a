import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { checkVariables } from '../editor/variables';
import { groupTypes } from './groups';
import { readPlace, writePlace } from './place';
import { roleHint } from './roles';
import { indexSchema, search } from './search';
import { usesOf } from './uses';

const schema = buildSchema(`
  "Something that happened."
  type Episode { id: ID! "How it ended." outcome: Outcome! endTimestamp: String entities(type: Kind): [Entity!] }
  type Entity { name: String! old: String @deprecated episodes: EpisodeConnection }
  type EpisodeConnection { nodes: [Episode!]! }
  enum Outcome { SUCCESS FAILURE }
  enum Kind { PERSON }
  input EpisodeWhere { outcome: Outcome }
  type Query { episode(id: ID!): Episode episodes(first: Int, where: EpisodeWhere): EpisodeConnection }
`);
const names = (question: string) => search(indexSchema(schema), question).map(writePlace);

describe('search', () => {
  it('puts exact names first, types before fields', () => {
    expect(names('episode').slice(0, 2)).toEqual(['Episode', 'Query.episode']);
    expect(names('OUTCOME')[0]).toBe('Outcome');
  });

  it('finds parts of names, words in descriptions and enum values', () => {
    expect(names('timestamp')).toEqual(['Episode.endTimestamp']);
    expect(names('happened')).toEqual(['Episode']);
    expect(names('success')).toEqual(['Outcome.SUCCESS']);
  });

  it('needs every word, and takes Type.field', () => {
    expect(names('episode outcome')[0]).toBe('Episode.outcome');
    expect(names('Entity.name')[0]).toBe('Entity.name');
    expect(names('episode nowhere')).toEqual([]);
    expect(names('  ')).toEqual([]);
    expect(names('__Type')).toEqual([]);
  });

  it('puts deprecated members last', () => {
    expect(names('o').indexOf('Entity.old')).toBeGreaterThan(names('o').indexOf('Outcome'));
  });
});

describe('docs', () => {
  it('groups types in reading order', () => {
    expect(groupTypes(schema).map((group) => [group.title, group.types.map((type) => type.name)])).toEqual([
      ['Start here', ['Query']],
      ['Objects', ['Entity', 'Episode']],
      ['Inputs', ['EpisodeWhere']],
      ['Enums', ['Kind', 'Outcome']],
      ['Scalars', ['Boolean', 'ID', 'Int', 'String']],
      ['Connections, edges and payloads', ['EpisodeConnection']],
    ]);
  });

  it('knows where a type is used, as result, argument and input', () => {
    expect(usesOf(schema, 'Outcome').map(writePlace)).toEqual(['Episode.outcome', 'EpisodeWhere.outcome']);
    expect(usesOf(schema, 'Kind').map(writePlace)).toEqual(['Episode.entities']);
  });

  it('reads places from the address', () => {
    expect(readPlace('Episode')).toEqual({ type: 'Episode' });
    expect(readPlace('Episode.id')).toEqual({ type: 'Episode', member: 'id' });
    expect(readPlace('')).toBeUndefined();
    expect(readPlace('a.b.c')).toBeUndefined();
  });

  it('finds role hints in descriptions', () => {
    expect(roleHint('Like it. Answered by the vectors store.')).toBe('VECTORS');
    expect(roleHint('@from(role: RECORDS)')).toBe('RECORDS');
    expect(roleHint('@from(role: TAPE)')).toBeUndefined();
    expect(roleHint('Deletes it from the cache.')).toBeUndefined();
    expect(roleHint(null)).toBeUndefined();
  });
});

describe('checkVariables', () => {
  const query = 'query A($first: Int!) { episodes(first: $first) { nodes { id } } } query B { episode(id: 1) { id } }';

  it('says what the schema would refuse', () => {
    expect(checkVariables(schema, query, 'A', '{"first": 3}')).toEqual([]);
    expect(checkVariables(schema, query, 'A', '{"first": "3"}')[0]).toMatch(/\$first/);
    expect(checkVariables(schema, query, 'A', '{"first": 3, "last": 1}')).toEqual(['The operation does not use a variable "$last".']);
    expect(checkVariables(schema, query, 'A', '[]')).toEqual(['Variables must be a JSON object.']);
  });

  it('says nothing while the query does not parse or there is no schema', () => {
    expect(checkVariables(schema, 'query {', undefined, '{"a":1}')).toEqual([]);
    expect(checkVariables(undefined, query, 'A', '{"a":1}')).toEqual([]);
  });
});
