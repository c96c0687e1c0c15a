import { parseObject } from '../lib/json';
import { isRecord } from '../lib/storage';

/** Who is asking. An empty part is left out, and the gateway takes its default. */
export interface Scope {
  user: string;
  device: string;
  agent: string;
}

export interface HeaderSettings {
  scope: Scope;
  /** Free-form headers as JSON text. */
  extra: string;
}

export const noHeaders: HeaderSettings = { scope: { user: '', device: '', agent: '' }, extra: '' };

const scopeHeader: Record<keyof Scope, string> = {
  user: 'Thalamus-User',
  device: 'Thalamus-Device',
  agent: 'Thalamus-Agent',
};

const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * The headers to send. Scope parts are percent-encoded, as headers hold no other alphabet; the gateway decodes them.
 * Free-form headers are sent as written and win over the scope form; a bad one is an error that says which.
 */
export function buildHeaders(settings: HeaderSettings): Record<string, string> {
  const headers = new Map<string, [string, string]>();
  const set = (name: string, value: string) => headers.set(name.toLowerCase(), [name, value]);
  for (const part of ['user', 'device', 'agent'] as const) {
    const value = settings.scope[part].trim();
    if (value) set(scopeHeader[part], encodeURIComponent(value));
  }
  for (const [name, value] of Object.entries(parseObject(settings.extra, 'Headers'))) {
    if (!headerName.test(name)) throw new Error(`"${name}" is not a header name`);
    if (typeof value !== 'string') throw new Error(`Header "${name}" must be a string`);
    set(name, headerValue(name, value));
  }
  return Object.fromEntries(headers.values());
}

/** Headers with one more, in the place of what has its name. */
export function withHeader(headers: Record<string, string>, name: string, value: string): Record<string, string> {
  const others = Object.entries(headers).filter(([other]) => other.toLowerCase() !== name.toLowerCase());
  return Object.fromEntries([...others, [name, value]]);
}

function headerValue(name: string, value: string): string {
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
    throw new Error(`Header "${name}" holds a character that HTTP headers cannot carry`);
  }
  return value;
}

/** "ada / laptop / default": the scope as one line. */
export function describeScope(scope: Scope): string {
  return [scope.user, scope.device, scope.agent].map((part) => part.trim() || 'default').join(' / ');
}

export function readHeaderSettings(stored: unknown): HeaderSettings {
  if (!isRecord(stored)) return noHeaders;
  const scope = isRecord(stored.scope) ? stored.scope : {};
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    scope: { user: text(scope.user), device: text(scope.device), agent: text(scope.agent) },
    extra: text(stored.extra),
  };
}
