import type { Role } from '../trace/trace';

/** The store role that answers a type or a field. */
export function RoleTag({ role }: { role: Role | undefined }) {
  if (!role) return null;
  const name = role.toLowerCase();
  return (
    <span class={`role-tag role-${name}`} title={`Answered by the ${name} store`}>
      {name}
    </span>
  );
}
