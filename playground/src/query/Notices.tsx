import { Icon } from '../app/Icon';
import type { Degradation, Problem } from './response';

/** What went wrong or missing, above the result. */
export function Notices({ problems, degraded }: { problems: Problem[]; degraded: Degradation[] }) {
  if (problems.length + degraded.length === 0) return null;
  return (
    <ul class="notices" id="notices" tabIndex={0} aria-label="Errors and degraded parts">
      {degraded.map((item, index) => (
        <li class="notice warn" key={`d${index}`}>
          <Icon name="warning" />
          <p>
            <strong>Degraded: {item.title}</strong> {item.detail}
          </p>
        </li>
      ))}
      {problems.map((problem, index) => (
        <li class="notice bad" key={`e${index}`}>
          <Icon name="warning" />
          <p>
            {problem.code && <code class="code">{problem.code}</code>} {problem.message}
            {problem.path && (
              <>
                {' '}
                at <code>{problem.path}</code>
              </>
            )}
          </p>
        </li>
      ))}
    </ul>
  );
}
