import { getNamedType, isInputObjectType, isInterfaceType, isObjectType, type GraphQLSchema } from 'graphql';
import type { Place } from './search';

/** Where a type occurs: the fields that return it and the fields whose arguments take it. */
export function usesOf(schema: GraphQLSchema, name: string): Place[] {
  const uses: Place[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        if (getNamedType(field.type).name === name) uses.push({ type: type.name, member: field.name });
      }
    } else if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        const named = [field.type, ...field.args.map((argument) => argument.type)].map((used) => getNamedType(used).name);
        if (named.includes(name)) uses.push({ type: type.name, member: field.name });
      }
    }
  }
  return uses;
}
