import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

const packageFolder = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/** Writes dist/licences.txt: the licence text of every package whose code or fonts are in the bundle. */
export function licences(): Plugin {
  return {
    name: 'licences',
    apply: 'build',
    generateBundle() {
      const folders = new Map<string, string>();
      for (const id of this.getModuleIds()) {
        const match = packageFolder.exec(id.replace(/^\0/, ''));
        if (match) folders.set(match[2]!, match[1]!);
      }
      const { dependencies } = readManifest('.');
      for (const name of Object.keys(dependencies ?? {})) folders.set(name, join('node_modules', name));
      const source = [...folders.keys()].sort().map((name) => notice(folders.get(name)!)).join('\n');
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source });
    },
  };
}

interface Manifest {
  name: string;
  version: string;
  license?: string;
  dependencies?: Record<string, string>;
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

function notice(folder: string): string {
  const { name, version, license } = readManifest(folder);
  const file = readdirSync(folder).sort().find((entry) => /^(licen[cs]e|copying|ofl)/i.test(entry));
  const text = file ? readFileSync(join(folder, file), 'utf8').replace(/\r\n/g, '\n').trim() : 'The package holds no licence text.';
  return `${name} ${version} (${license ?? 'see text'})\n\n${text}\n\n${'-'.repeat(80)}\n`;
}
