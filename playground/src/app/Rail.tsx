import { Icon } from './Icon';
import { panelFor, panels } from './panels';
import { go, route, writeHash } from './route';
import { nextTheme, theme } from './theme';

const themeIcon = { system: 'system', light: 'sun', dark: 'moon' } as const;

export function Rail() {
  const current = panelFor(route.value.panel).id;
  return (
    <nav class="rail" aria-label="Panels">
      <img class="mark" src="./favicon.svg" alt="Thalamus" width="32" height="32" />
      <ul>
        {panels.map((panel) => (
          <li key={panel.id}>
            <a
              href={writeHash({ panel: panel.id, rest: '' })}
              aria-current={panel.id === current ? 'page' : undefined}
              onClick={(event) => {
                event.preventDefault();
                if (panel.id !== current) go(panel.id);
              }}
            >
              <Icon name={panel.icon} />
              {panel.label}
            </a>
          </li>
        ))}
      </ul>
      <button
        class="icon-button foot"
        id="theme"
        type="button"
        onClick={nextTheme}
        title={`Colours: ${theme.value}`}
        aria-label={`Colours: ${theme.value}. Change`}
      >
        <Icon name={themeIcon[theme.value]} />
      </button>
    </nav>
  );
}
