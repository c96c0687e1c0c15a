import { buildClientSchema, getIntrospectionQuery, type GraphQLSchema, type IntrospectionQuery } from 'graphql';
import { send } from '../lib/transport';
import { isRecord } from '../lib/storage';

const everything = { specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true };

/** From the richest introspection query to the plainest: older servers refuse what they do not know. */
const attempts = [{ ...everything, oneOf: true }, everything, {}];

export async function loadSchema(headers: Record<string, string>): Promise<GraphQLSchema> {
  let problem = 'The endpoint did not answer the introspection query.';
  for (const options of attempts) {
    const reply = await send({ query: getIntrospectionQuery(options), operationName: 'IntrospectionQuery' }, headers);
    const result = parseReply(reply.text);
    if (isRecord(result?.data) && isRecord(result.data.__schema)) {
      return buildClientSchema(result.data as unknown as IntrospectionQuery);
    }
    problem = firstError(result) ?? `The endpoint answered ${reply.status} without a schema.`;
    if (reply.status === 401 || reply.status === 403 || reply.status >= 500) break;
  }
  throw new Error(problem);
}

function parseReply(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function firstError(result: Record<string, unknown> | undefined): string | undefined {
  const errors = result?.errors;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  return isRecord(first) && typeof first.message === 'string' ? first.message : undefined;
}
