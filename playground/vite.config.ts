import { defineConfig } from 'vitest/config';
import { licences } from './build/licences';

const gateway = 'http://127.0.0.1:8080';

export default defineConfig({
  base: './',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  build: {
    target: 'es2022',
    outDir: 'dist',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800,
  },
  plugins: [licences()],
  server: {
    proxy: {
      '/graphql': { target: gateway, ws: true },
      '/examples.json': gateway,
    },
  },
  test: { include: ['src/**/*.test.ts'] },
});
