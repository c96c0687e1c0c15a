import { getVariableValues, Kind, parse, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';

/** What the schema would refuse in these variables, for the operation named. */
export function checkVariables(
  schema: GraphQLSchema | undefined,
  query: string,
  operationName: string | undefined,
  text: string,
): string[] {
  if (!schema) return [];
  try {
    const operations = parse(query).definitions.filter(
      (node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION,
    );
    const operation = operations.find((node) => node.name?.value === operationName) ?? operations[0];
    const values: unknown = JSON.parse(text);
    if (typeof values !== 'object' || values === null || Array.isArray(values)) return ['Variables must be a JSON object.'];
    const { errors } = getVariableValues(schema, operation?.variableDefinitions ?? [], values as Record<string, unknown>);
    const known = new Set(operation?.variableDefinitions?.map((definition) => definition.variable.name.value));
    const unknown = Object.keys(values).filter((name) => !known.has(name));
    return [
      ...(errors ?? []).map((error) => error.message),
      ...unknown.map((name) => `The operation does not use a variable "$${name}".`),
    ];
  } catch {
    return [];
  }
}
