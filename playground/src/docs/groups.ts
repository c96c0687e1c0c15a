import {
  isEnumType, isInputObjectType, isInterfaceType, isObjectType, isScalarType, isUnionType,
  type GraphQLNamedType, type GraphQLSchema,
} from 'graphql';

export interface TypeGroup {
  title: string;
  types: GraphQLNamedType[];
}

const plumbing = /(Connection|Edge|Payload)$/;

/** The types of a schema in reading order: where a query starts, then what it returns, then the rest. */
export function groupTypes(schema: GraphQLSchema): TypeGroup[] {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter((type) => type != null);
  const others = Object.values(schema.getTypeMap())
    .filter((type) => !type.name.startsWith('__') && !roots.includes(type as never))
    .sort((a, b) => a.name.localeCompare(b.name, 'en'));
  const pick = (title: string, test: (type: GraphQLNamedType) => boolean) => ({ title, types: others.filter(test) });
  return [
    { title: 'Start here', types: roots },
    pick('Objects', (type) => isObjectType(type) && !plumbing.test(type.name)),
    pick('Interfaces and unions', (type) => isInterfaceType(type) || isUnionType(type)),
    pick('Inputs', isInputObjectType),
    pick('Enums', isEnumType),
    pick('Scalars', isScalarType),
    pick('Connections, edges and payloads', (type) => isObjectType(type) && plumbing.test(type.name)),
  ].filter((group) => group.types.length > 0);
}

export function kindOf(type: GraphQLNamedType): string {
  if (isObjectType(type)) return 'object';
  if (isInterfaceType(type)) return 'interface';
  if (isUnionType(type)) return 'union';
  if (isEnumType(type)) return 'enum';
  if (isInputObjectType(type)) return 'input';
  return 'scalar';
}
