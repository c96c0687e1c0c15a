import { Kind, parse, type OperationDefinitionNode } from 'graphql';

export interface Operation {
  name: string | undefined;
  type: 'query' | 'mutation' | 'subscription';
  start: number;
  end: number;
}

/** The operations of a document; empty while it does not parse. */
export function operationsIn(text: string): Operation[] {
  try {
    return parse(text)
      .definitions.filter((node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION)
      .map((node) => ({
        name: node.name?.value,
        type: node.operation,
        start: node.loc!.start,
        end: node.loc!.end,
      }));
  } catch {
    return [];
  }
}

/** The operation the cursor is in, else the last one that starts before it, else the first. */
export function operationAt(operations: Operation[], cursor: number): Operation | undefined {
  const before = operations.filter((operation) => operation.start <= cursor);
  return before.find((operation) => cursor <= operation.end) ?? before.at(-1) ?? operations[0];
}
